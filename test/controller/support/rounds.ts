import type { Experiment } from '../../../src/core/experiment/experiment.ts';
import { defaultMetrics, planOf, type PlannedMetric } from '../../../src/core/experiment/plan.ts';
import type { AllStores } from '../../../src/service/ports/all-stores.ts';
import { experimentSurface as surface, experimentTraffic } from '../../support/experiment-traffic.ts';

/** Yesterday: every window is closed. */
export const NOON = Math.floor(Date.now() / 86_400_000) * 86_400_000 - 43_200_000;
export const UNITS = 30;

const [main] = defaultMetrics(surface);
const passing: PlannedMetric = { ...main, rule: { kind: 'limit', direction: 'at-least', threshold: -1e9 } };
const open: PlannedMetric = { ...main, rule: { kind: 'not-worse', better: 'higher', margin: 1e-9 } };
const failing: PlannedMetric = {
  ...main,
  name: 'hopeless',
  role: 'guardrail',
  rule: { kind: 'limit', direction: 'at-most', threshold: -1e9 },
};
const step = { minSeconds: 0, minUnits: 10 };
const ramp = { steps: [0.3, 0.5].map((trafficShare) => ({ trafficShare, ...step })) };
const signal: PlannedMetric = { ...failing, role: 'signal' };

/** Experiments of which it is known what the next round does to them, and where that ends however often it is interrupted. */
export const rounds = {
  'running, waiting': { from: 'running', plan: { metrics: [open] }, does: 'wait', ends: 'running' },
  'running, ramping': { from: 'running', plan: { ramp, metrics: [open] }, does: 'ramp', ends: 'running' },
  'running, rolling back': {
    from: 'running',
    plan: { metrics: [open, failing] },
    does: 'roll-back',
    ends: 'rolled-back',
  },
  'running, pausing': { from: 'running', plan: { metrics: [open, signal] }, does: 'pause', ends: 'paused' },
  'running, deciding': { from: 'running', plan: { metrics: [passing] }, does: 'decide', ends: 'decided' },
  'decided, rolling back': {
    from: 'decided',
    plan: { metrics: [open, failing] },
    does: 'roll-back',
    ends: 'rolled-back',
  },
  paused: { from: 'paused', plan: { metrics: [failing] }, does: null, ends: 'paused' },
  decided: { from: 'decided', plan: { metrics: [passing] }, does: 'wait', ends: 'decided' },
} as const;

export type RoundName = keyof typeof rounds;

export const blocksAfter = (name: RoundName): number => (rounds[name].does === 'ramp' ? 2 : 1);

/** A tenant of its own with the experiment `e1`, whose units have all closed. */
export async function createTenant(
  stores: AllStores,
  name: RoundName,
  tenant: string,
  state: Experiment['state'] = rounds[name].from,
): Promise<void> {
  const actor = { tenant, id: 'test' };
  const base: Experiment = {
    id: 'e1',
    surface: surface.name,
    name: 'e1',
    state,
    salt: 's',
    layer: 'default',
    holdoutShare: 0,
    variants: [
      { name: 'control', role: 'control', policyVersion: 'a' },
      { name: 'treatment', role: 'treatment', policyVersion: 'b' },
    ],
    blocks: [{ index: 0, fromBucket: 0, toBucket: 3000, openedAt: NOON }],
    level: 0.95,
  };
  const health = { onFailure: 'hold', noTrafficSeconds: 1e9, alpha: 0.001 } as const;
  const plan = { ...planOf(base, surface), minUnits: 12, health, ...rounds[name].plan };
  await stores.surfaces.declare(surface, actor);
  await stores.experiments.create({ ...base, plan }, actor);
  const log = experimentTraffic({ tenant, experiment: 'e1', units: UNITS, startAt: NOON, treated: 0.5 });
  await stores.events.write({ events: log, deadLetters: [] });
}

/** What the main response of the treatment was forecast to be: a look writes its measurement beside it. */
export async function forecastTreatment(stores: AllStores, tenant: string): Promise<void> {
  const offline = { value: 1, lower: 0, upper: 2 };
  const forecast = {
    policyVersion: 'b',
    response: main.name,
    estimand: 'per-decision',
    offline,
    online: null,
  };
  await stores.forecasts.save(surface.name, forecast, { tenant, id: 'test' });
}
