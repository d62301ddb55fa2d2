import { describe, expect, it } from 'vitest';
import { checkSurface } from '../../../src/core/surface/check-surface.ts';
import type { FeatureSpec, ResponseSpec, Surface } from '../../../src/core/surface/surface.ts';
import { liveFeed } from '../support.ts';

const fieldsOf = (change: Partial<Surface>): string[] =>
  checkSurface({ ...liveFeed, ...change }).map((violation) => violation.field);

const withFeature = (feature: FeatureSpec): Partial<Surface> => ({
  features: [...liveFeed.features, feature],
});
const [watch, like, longest] = liveFeed.responses;
const withWatch = (change: Partial<ResponseSpec>): Partial<Surface> => ({
  responses: [{ ...watch, ...change }, like, longest],
});
const night = liveFeed.caps[0];
const numeric = { type: 'numeric', min: 0, max: 1 } as const;

describe('checking a surface declaration', () => {
  it('finds nothing wrong with a valid one', () => {
    expect(checkSurface(liveFeed)).toEqual([]);
  });

  it('accepts an imported log without a null action', () => {
    const imported = { nullAction: null, actions: ['0', '1', '2'], caps: [], pacing: null, constraints: [] };
    expect(fieldsOf(imported)).toEqual([]);
  });

  it.each<[string, Partial<Surface>, string]>([
    ['a name with a slash', { name: 'a/b' }, 'name'],
    ['an empty name', { name: '' }, 'name'],
    ['a name that objects already have', { name: 'constructor' }, 'name'],
    ['a schema version of 0', { schemaVersion: 0 }, 'schemaVersion'],
    ['a single action', { actions: ['none'] }, 'actions'],
    ['a repeated action', { actions: ['none', 'insert', 'insert'] }, 'actions'],
    ['an action called __proto__', { actions: ['none', 'insert', 'insert-top', '__proto__'] }, 'actions[3]'],
    ['a null action that is not first', { nullAction: 'insert' }, 'nullAction'],
    ['a feature called toString', withFeature({ ...numeric, name: 'toString' }), 'features[5].name'],
    ['a repeated feature', withFeature({ ...numeric, name: 'hour' }), 'features'],
    ['an empty range', withFeature({ ...numeric, name: 'x', max: 0 }), 'features[5].min'],
    ['an infinite range', withFeature({ ...numeric, name: 'x', max: Infinity }), 'features[5].min'],
    ['a default out of range', withFeature({ ...numeric, name: 'x', default: 2 }), 'features[5].default'],
    ['a default that is NaN', withFeature({ ...numeric, name: 'x', default: NaN }), 'features[5].default'],
    [
      'a default category that is not declared',
      withFeature({ name: 'x', type: 'categorical', values: ['a'], default: 'b' }),
      'features[5].default',
    ],
    [
      'a repeated category',
      withFeature({ name: 'x', type: 'categorical', values: ['a', 'a'] }),
      'features[5].values',
    ],
    ['no categories', withFeature({ name: 'x', type: 'categorical', values: [] }), 'features[5].values'],
    [
      'a vector of length 0',
      withFeature({ ...numeric, name: 'x', type: 'vector', length: 0 }),
      'features[5].length',
    ],
    [
      'a default vector of another length',
      withFeature({ ...numeric, name: 'x', type: 'vector', length: 2, default: [0] }),
      'features[5].default',
    ],
    [
      'groups on a feature of another type',
      { groups: { feature: 'tab', bounds: [1], names: ['a', 'b', 'c'] } },
      'groups.feature',
    ],
    [
      'group bounds that do not increase',
      { groups: { feature: 'hour', bounds: [1, 1], names: ['a', 'b', 'c', 'd'] } },
      'groups.bounds',
    ],
    ['too few group names', { groups: { feature: 'hour', bounds: [1], names: ['a', 'b'] } }, 'groups.names'],
    ['no main response', withWatch({ role: 'auxiliary' }), 'responses'],
    ['a reserved response name', withWatch({ name: 'share-of-actions' }), 'responses[0].name'],
    ['a reserved interaction', withWatch({ interaction: 'session_closed' }), 'responses[0].interaction'],
    ['a response default out of range', withWatch({ default: -1 }), 'responses[0].default'],
    ['a window of 0', withWatch({ windowSeconds: 0 }), 'responses[0].windowSeconds'],
    ['a window that is NaN', withWatch({ windowSeconds: NaN }), 'responses[0].windowSeconds'],
    ['an "any" response that cannot be 1', withWatch({ aggregate: 'any', max: 0.5 }), 'responses[0].max'],
    ['a floor above 1', { explorationFloor: 1.1, pacing: null, constraints: [] }, 'explorationFloor'],
    ['a floor that is NaN', { explorationFloor: NaN }, 'explorationFloor'],
    [
      'a floor that allocates more than the pacing target',
      { explorationFloor: 0.61, constraints: [] },
      'pacing.targetShare',
    ],
    [
      'a floor that allocates more than a constraint allows',
      { explorationFloor: 0.76, pacing: null },
      'constraints[0].threshold',
    ],
    [
      'a floor that leaves less than a constraint demands',
      { constraints: [{ ...liveFeed.constraints[0], direction: 'at-least', threshold: 0.97 }] },
      'constraints[0].threshold',
    ],
    [
      'a constraint on an unknown response',
      { constraints: [{ ...liveFeed.constraints[1], on: { response: 'x' } }] },
      'constraints[0].on.response',
    ],
    [
      'a pacing target of 0',
      { pacing: { targetShare: 0, proportionalGain: 1, integralGain: 1 } },
      'pacing.targetShare',
    ],
    [
      'a negative gain',
      { pacing: { targetShare: 0.4, proportionalGain: -1, integralGain: 1 } },
      'pacing.proportionalGain',
    ],
    ['a cap on the null action', { caps: [{ ...night, action: 'none' }] }, 'caps[0].action'],
    [
      'a cap on an unknown feature',
      { caps: [{ ...night, rule: { kind: 'feature-at-most', feature: 'x', limit: 1 } }] },
      'caps[0].rule.feature',
    ],
    [
      'a cap with half a use',
      { caps: [{ ...night, rule: { kind: 'unit-window', limit: 0.5, windowSeconds: 1 } }] },
      'caps[0].rule.limit',
    ],
    ['caps without a null action', { nullAction: null, pacing: null, constraints: [] }, 'caps'],
    ['pacing without a null action', { nullAction: null, caps: [], constraints: [] }, 'pacing'],
    [
      'a share constraint without a null action',
      { nullAction: null, caps: [], pacing: null },
      'constraints[0].on',
    ],
    ['a gate level of 1', { gate: { ...liveFeed.gate, level: 1 } }, 'gate.level'],
    ['a main margin of 0', { gate: { ...liveFeed.gate, mainMargin: 0 } }, 'gate.mainMargin'],
    [
      'an auxiliary margin below 0',
      { gate: { ...liveFeed.gate, auxiliaryMargins: { like: -1 } } },
      'gate.auxiliaryMargins.like',
    ],
    [
      'a margin on a cost',
      { gate: { ...liveFeed.gate, auxiliaryMargins: { longest: 1 } } },
      'gate.auxiliaryMargins.longest',
    ],
  ])('refuses %s', (_what, change, field) => {
    expect(fieldsOf(change)).toContain(field);
  });

  it('lets a floor of exactly the pacing target pass', () => {
    expect(fieldsOf({ explorationFloor: 0.6 })).toEqual([]);
  });

  it('names every broken rule at once', () => {
    const fields = fieldsOf({ name: '', schemaVersion: 1.5, explorationFloor: -1 });
    expect(fields).toEqual(['name', 'schemaVersion', 'explorationFloor']);
  });
});
