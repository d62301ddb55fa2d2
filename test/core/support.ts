import { readFileSync } from 'node:fs';
import type { Experiment } from '../../src/core/experiment/experiment.ts';
import type { Surface } from '../../src/core/surface/surface.ts';

/** A golden file of test/fixtures/golden. */
export function golden<T>(name: string): T {
  const url = new URL(`../fixtures/golden/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(url, 'utf8')) as T;
}

export const fromHex = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** A valid surface with every kind of feature, cap and constraint; tests change single fields. */
export const liveFeed: Surface = {
  name: 'live-feed',
  schemaVersion: 1,
  actions: ['none', 'insert', 'insert-top'],
  nullAction: 'none',
  features: [
    { name: 'hour', type: 'numeric', min: 0, max: 23 },
    { name: 'activeDays', type: 'numeric', min: 0, max: 30, default: 0 },
    { name: 'tab', type: 'categorical', values: ['home', 'follow'], default: 'home' },
    { name: 'isNew', type: 'boolean', default: false },
    { name: 'embedding', type: 'vector', length: 3, min: -1, max: 1, default: [0, 0, 0] },
  ],
  groups: { feature: 'activeDays', bounds: [3, 10], names: ['unknown', 'low', 'mid', 'high'] },
  responses: [
    {
      name: 'watch',
      role: 'main',
      interaction: 'watch_ms',
      aggregate: 'sum',
      unit: 'ms',
      min: 0,
      max: 1000,
      windowSeconds: 60,
      default: 0,
    },
    {
      name: 'like',
      role: 'auxiliary',
      interaction: 'like',
      aggregate: 'any',
      unit: 'count',
      min: 0,
      max: 1,
      windowSeconds: 600,
      default: 0,
    },
    {
      name: 'longest',
      role: 'cost',
      interaction: 'watch_ms',
      aggregate: 'max',
      unit: 'ms',
      min: 0,
      max: 1000,
      windowSeconds: 30,
      default: 0,
    },
  ],
  constraints: [
    { name: 'few', on: 'share-of-actions', direction: 'at-most', threshold: 0.5 },
    { name: 'cheap', on: { response: 'longest' }, direction: 'at-most', threshold: 100 },
  ],
  explorationFloor: 0.1,
  caps: [
    {
      name: 'night',
      action: 'insert',
      rule: { kind: 'feature-at-most', feature: 'hour', limit: 22 },
    },
    {
      name: 'rare',
      action: 'insert-top',
      rule: { kind: 'unit-window', limit: 2, windowSeconds: 3600 },
    },
  ],
  pacing: { targetShare: 0.4, proportionalGain: 0.1, integralGain: 0.02 },
  horizon: 'session',
  completeness: 'window',
  gate: {
    estimator: 'snips',
    level: 0.95,
    mainMargin: 10,
    auxiliaryMargins: { like: 0.01 },
    minEffectiveUnits: 100,
  },
};

export const runningExperiment: Experiment = {
  id: 'e1',
  surface: 'live-feed',
  name: 'first',
  state: 'running',
  salt: 's1',
  layer: 'default',
  holdoutShare: 0,
  variants: [
    { name: 'control', role: 'control', policyVersion: 'live-feed@1' },
    { name: 'treatment', role: 'treatment', policyVersion: 'live-feed@2' },
  ],
  blocks: [{ index: 0, fromBucket: 0, toBucket: 10_000, openedAt: 1 }],
  level: 0.95,
};
