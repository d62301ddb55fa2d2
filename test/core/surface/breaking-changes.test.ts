import { describe, expect, it } from 'vitest';
import { breakingChanges } from '../../../src/core/surface/check-surface.ts';
import type { FeatureSpec, Surface } from '../../../src/core/surface/surface.ts';
import { liveFeed } from '../support.ts';

const [hour, activeDays, tab, isNew, embedding] = liveFeed.features;
const [watch, ...others] = liveFeed.responses;

const fieldsOf = (change: Partial<Surface>): string[] =>
  breakingChanges(liveFeed, { ...liveFeed, ...change }).map((violation) => violation.field);
const features = (...list: object[]): Partial<Surface> => ({ features: list as FeatureSpec[] });

describe('changes of a declared surface', () => {
  it.each<[string, Partial<Surface>]>([
    ['nothing', {}],
    ['a wider range', features({ ...hour, max: 47 }, activeDays, tab, isNew, embedding)],
    [
      'one more category at the end',
      features(hour, activeDays, { ...tab, values: ['home', 'follow', 'new'] }, isNew, embedding),
    ],
    [
      'a new feature with a default',
      features(...liveFeed.features, { name: 'x', type: 'boolean', default: true }),
    ],
    ['another order of features', features(...[...liveFeed.features].reverse())],
    ['a new response', { responses: [...liveFeed.responses, { ...watch, name: 'x', role: 'cost' }] }],
    [
      'floor, caps, pacing, constraints and gate',
      {
        explorationFloor: 0.2,
        caps: [],
        pacing: null,
        constraints: [],
        gate: { ...liveFeed.gate, mainMargin: 1 },
      },
    ],
  ])('are compatible: %s', (_what, change) => {
    expect(fieldsOf(change)).toEqual([]);
  });

  it.each<[string, Partial<Surface>, string]>([
    ['an added action', { actions: [...liveFeed.actions, 'x'] }, 'actions'],
    ['another order of actions', { actions: ['none', 'insert-top', 'insert'] }, 'actions'],
    ['no null action any more', { nullAction: null }, 'nullAction'],
    ['other groups', { groups: { ...liveFeed.groups!, bounds: [3, 11] } }, 'groups'],
    ['another horizon', { horizon: 1 }, 'horizon'],
    ['another completeness', { completeness: 'session-closed' }, 'completeness'],
    ['a removed feature', features(activeDays, tab, isNew, embedding), 'features.hour'],
    ['a narrower range', features({ ...hour, max: 22 }, activeDays, tab, isNew, embedding), 'features.hour'],
    [
      'another type',
      features({ name: 'hour', type: 'boolean' }, activeDays, tab, isNew, embedding),
      'features.hour',
    ],
    [
      'another default',
      features(hour, { ...activeDays, default: 1 }, tab, isNew, embedding),
      'features.activeDays',
    ],
    [
      'a removed category',
      features(hour, activeDays, { ...tab, values: ['home'] }, isNew, embedding),
      'features.tab',
    ],
    [
      'another vector length',
      features(hour, activeDays, tab, isNew, { ...embedding, length: 2, default: [0, 0] }),
      'features.embedding',
    ],
    [
      'a new feature without a default',
      features(...liveFeed.features, { name: 'x', type: 'boolean' }),
      'features.x',
    ],
    ['a removed response', { responses: [watch] }, 'responses.like'],
    [
      'another response window',
      { responses: [{ ...watch, windowSeconds: 61 }, ...others] },
      'responses.watch.windowSeconds',
    ],
    ['a lower schema version', { schemaVersion: 0 }, 'schemaVersion'],
  ])('need a higher schema version: %s', (_what, change, field) => {
    expect(fieldsOf(change)).toContain(field);
    const next = { ...liveFeed, ...change, schemaVersion: 2 };
    expect(breakingChanges(liveFeed, next)).toEqual([]);
  });
});
