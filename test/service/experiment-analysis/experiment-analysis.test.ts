import { describe, expect, it } from 'vitest';
import type { Experiment } from '../../../src/core/experiment/experiment.ts';
import { planOf } from '../../../src/core/experiment/plan.ts';
import type { LogEvent } from '../../../src/core/feedback/events.ts';
import { createRandom } from '../../../src/core/math/random.ts';
import { createMemoryStores } from '../../../src/memory/stores.ts';
import { createExperimentAnalysis } from '../../../src/service/experiment-analysis/experiment-analysis.ts';
import { trueValue } from '../../../src/simulation/true-value.ts';
import { defaultFeedWorld as world } from '../../../src/simulation/world.ts';
import { experimentSurface, experimentTraffic } from '../../support/experiment-traffic.ts';

const START = Date.UTC(2026, 0, 10, 12);
const LATER = START + 1_000_000;
const experiment: Experiment = {
  id: 'e1',
  surface: 'live-feed',
  name: 'live-everywhere',
  state: 'running',
  salt: 's',
  layer: 'default',
  holdoutShare: 0,
  variants: [
    { name: 'control', role: 'control', policyVersion: 'live-feed@1' },
    { name: 'treatment', role: 'treatment', policyVersion: 'live-feed@2' },
  ],
  blocks: [{ index: 0, fromBucket: 0, toBucket: 10_000, openedAt: START }],
  level: 0.95,
};

const records = (
  units: number,
  treated: number,
  more: { block?: null; firstUnit?: number } = {},
): LogEvent[] =>
  experimentTraffic({ tenant: 't', experiment: 'e1', units, startAt: START + 1000, treated, ...more });

async function analysisOf(log: readonly LogEvent[]) {
  const stores = createMemoryStores();
  await stores.surfaces.declare(experimentSurface, { tenant: 't', id: 'test' });
  await stores.events.write({ events: log, deadLetters: [] });
  return { ...createExperimentAnalysis(stores), stores };
}

describe('the analysis of a running experiment', () => {
  it(
    'finds the true effect of always-live within its interval and reports the violated cost',
    { timeout: 60_000 },
    async () => {
      const { look: lookAt } = await analysisOf(records(1000, 1));
      const [look] = await lookAt('t', experiment, LATER);
      const options = { units: 1500, random: createRandom(1) };
      const live = trueValue(world, () => 1, 'watch_seconds', options);
      const none = trueValue(world, () => 0, 'watch_seconds', options);
      const truth = live.value - none.value;
      expect(look.effect!.lower).toBeLessThan(truth);
      expect(look.effect!.upper).toBeGreaterThan(truth);
      expect(look.units).toEqual({ control: 500, treatment: 500 });
      expect(look.sampleRatio.state).toBe('ok');
      expect(look.byMetric.map((metric) => metric.name)).toContain('hide-rate');
    },
  );

  it('lets a unit in only when its window has closed, and then for ever with the same numbers', async () => {
    const analysis = await analysisOf(records(400, 0.5));
    const [early] = await analysis.look('t', experiment, START + 5000);
    expect(early.units).toEqual({ control: 0, treatment: 0 });
    expect(early.verdict).toBe('no data');
    const [now] = await analysis.look('t', experiment, LATER);
    const [later] = await analysis.look('t', experiment, LATER + 1000);
    expect(later.byMetric).toEqual(now.byMetric);
  });

  it('gives the same numbers however often one has looked on the way', async () => {
    const log = records(400, 0.5);
    const often = await analysisOf(log);
    for (let at = START; at < START + 40_000; at += 6_000) await often.look('t', experiment, at);
    const [end] = await often.look('t', experiment, LATER);
    const once = await analysisOf(log);
    const [only] = await once.look('t', experiment, LATER);
    expect(end.units).toEqual(only.units);
    end.byMetric.forEach((metric, i) => {
      expect(metric.effect!.value).toBeCloseTo(only.byMetric[i].effect!.value, 9);
      expect(metric.effect!.lower).toBeCloseTo(only.byMetric[i].effect!.lower, 9);
    });
  });

  it('leaves out decisions that were never delivered, and says that delivery is broken', async () => {
    const all = await (await analysisOf(records(400, 0.5))).look('t', experiment, LATER);
    const log = experimentTraffic({
      tenant: 't',
      experiment: 'e1',
      units: 400,
      startAt: START + 1000,
      treated: 0.5,
      isExposed: (_, variant) => variant === 'control',
    });
    const [look] = await (await analysisOf(log)).look('t', experiment, LATER);
    expect(look.units.treatment).toBe(0);
    expect(look.assignedUnits).toEqual(all[0].assignedUnits);
    expect(look.isBlocked).toBe(true);
    expect(look.health.find((check) => check.name === 'delivery')?.state).toBe('failing');
  });

  it('keeps units waiting while feedback does not come, and lets them in with their outcomes when it does', async () => {
    const log = records(400, 0.5);
    const analysis = await analysisOf(log.filter((event) => event.kind === 'decision'));
    const [behind] = await analysis.look('t', experiment, LATER);
    expect(behind.health.find((check) => check.name === 'outcomes')?.state).toBe('failing');
    expect(behind.units).toEqual({ control: 0, treatment: 0 });
    await analysis.stores.events.write({
      events: log.filter((event) => event.kind !== 'decision'),
      deadLetters: [],
    });
    const [caughtUp] = await analysis.look('t', experiment, LATER);
    const [healthy] = await (await analysisOf(log)).look('t', experiment, LATER);
    expect(caughtUp.byMetric).toEqual(healthy.byMetric);
  });

  it('leaves out and counts units that were seen on both sides, and those put on a variant by hand', async () => {
    const log = records(400, 0.5);
    const first = log.filter((event) => event.kind === 'decision')[0];
    const both = {
      ...first,
      decisionId: `${first.decisionId}`,
      variant: 'treatment',
      decidedAt: first.decidedAt + 5,
    };
    const moved = log.map((event) =>
      event.kind === 'decision' && event.unitId === first.unitId && event.decisionId !== first.decisionId
        ? { ...event, variant: both.variant }
        : event,
    );
    const byHand = records(10, 0.5, { block: null, firstUnit: 5000 });
    const [look] = await (await analysisOf([...moved, ...byHand])).look('t', experiment, LATER);
    expect(look.multiplyAssignedUnits).toBe(1);
    expect(look.forcedUnits).toBe(10);
    expect(look.units.control).toBe(199);
    expect(look.units.treatment).toBe(200);
  });

  it('reads a plan that was stored under the former name of its confirmation share', () => {
    const { confirmationShare: _, ...former } = planOf(experiment, experimentSurface);
    const stored = JSON.parse(
      JSON.stringify({ ...experiment, plan: { ...former, heldOutShare: 0.1 } }),
    ) as typeof experiment;
    expect(planOf(stored, experimentSurface)).toEqual({ ...former, confirmationShare: 0.1 });
  });

  it('shows held-out units to no look before the decision, and then only there', async () => {
    const plan = { ...planOf(experiment, experimentSurface), confirmationShare: 0.5, minUnits: 30 };
    const analysis = await analysisOf(records(800, 0.5));
    const [look] = await analysis.look('t', { ...experiment, plan }, LATER);
    const seen = look.units.control + look.units.treatment;
    expect(seen + look.confirmation.units).toBe(800);
    expect(Math.abs(seen - 400)).toBeLessThan(80);
    expect(look.confirmation.byMetric).toBeNull();
    const decision = { verdict: 'pass', at: LATER, reason: 'test' } as const;
    const [after] = await analysis.look('t', { ...experiment, plan, state: 'decided', decision }, LATER);
    expect(after.byMetric).toEqual(look.byMetric);
    expect(after.confirmation.byMetric![0].effect!.value).not.toBe(look.byMetric[0].effect!.value);
  });

  it('takes out with a covariate what was known before assignment, and never widens the interval', async () => {
    const log = records(500, 0.5);
    const base = planOf(experiment, experimentSurface);
    const plain = await (await analysisOf(log)).look('t', { ...experiment, plan: base }, LATER);
    const covariate = { kind: 'feature', feature: 'activity_days' } as const;
    const feature = experimentSurface.features.find((spec) => spec.type === 'numeric')!.name;
    const plan = { ...base, covariate: { ...covariate, feature } };
    const adjusted = await (await analysisOf(log)).look('t', { ...experiment, plan }, LATER);
    expect(adjusted[0].effect!.standardError).toBeLessThanOrEqual(
      plain[0].effect!.standardError * (1 + 1e-9),
    );
    expect(adjusted[0].effect!.value).not.toBe(plain[0].effect!.value);
  });

  it('refuses an experiment on a surface that is not declared', async () => {
    const elsewhere = { ...experiment, surface: 'elsewhere' };
    const { look } = await analysisOf([]);
    await expect(look('t', elsewhere, LATER)).rejects.toMatchObject({ code: 'surface_unknown' });
  });
});
