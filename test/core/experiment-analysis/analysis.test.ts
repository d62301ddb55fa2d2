import { describe, expect, it } from 'vitest';
import { analyseExperiment, type AnalysisInput } from '../../../src/core/experiment/analysis.ts';
import { noCellStatistics } from '../../../src/core/experiment/cell-statistics.ts';
import { metricVariances } from '../../../src/core/experiment/metric-variances.ts';
import { confidenceSequenceReach } from '../../../src/core/experiment/confidence-sequence.ts';
import { DEFAULT_HEALTH, type PlannedMetric } from '../../../src/core/experiment/plan.ts';
import {
  mergeStatistics,
  noStatistics,
  unitStatistics,
  type RatioStatistics,
} from '../../../src/core/experiment/ratio-statistics.ts';
import { createRandom, type Random } from '../../../src/core/math/random.ts';

const main: PlannedMetric = {
  name: 'watch',
  role: 'main',
  source: { response: 'watch' },
  rule: { kind: 'improve', better: 'higher' },
  budget: 1,
  winsorAt: null,
};
const hides: PlannedMetric = {
  ...main,
  name: 'hide',
  role: 'guardrail',
  rule: { kind: 'limit', direction: 'at-most', threshold: 0.05 },
};

/** Returning units with correlated, skewed responses. */
function drawUnits(random: Random, count: number, mean: number): RatioStatistics {
  let statistics = noStatistics;
  for (let k = 0; k < count; k++) {
    const n = 1 + random.integer(6);
    const level = mean * random.exponential();
    const total = n * level + Math.sqrt(n) * 5 * random.normal();
    statistics = mergeStatistics(statistics, unitStatistics(n, total));
  }
  return statistics;
}

function input(
  control: Readonly<Record<string, RatioStatistics>>,
  treatment: Readonly<Record<string, RatioStatistics>>,
  metrics: readonly PlannedMetric[] = [main],
): AnalysisInput {
  const variant = (name: string, statistics: Readonly<Record<string, RatioStatistics>>) => ({
    name,
    share: 0.5,
    assignedUnits: statistics.watch?.units ?? 0,
    cells: [
      {
        variant: name,
        block: 0,
        day: '2026-01-01',
        isHeldOut: false,
        statistics: { ...noCellStatistics, metrics: statistics },
      },
    ],
  });
  return {
    plan: {
      ramp: null,
      metrics,
      estimand: 'per-decision',
      minUnits: 50,
      tunedAtUnits: 1000,
      horizonUnits: null,
      covariate: null,
      confirmationShare: 0,
      health: DEFAULT_HEALTH,
      isApprovalNeeded: false,
    },
    control: variant('control', control),
    treatment: variant('treatment', treatment),
    level: 0.95,
    health: [],
  };
}

describe('a confidence sequence', () => {
  it('is wider than a fixed interval everywhere, and tightest near where it was tuned', () => {
    for (const n of [50, 200, 1000, 10_000, 1e6]) {
      expect(confidenceSequenceReach(n, 0.05, 1000)).toBeGreaterThan(1.96);
      expect(confidenceSequenceReach(n, 0.05, 1000)).toBeGreaterThanOrEqual(
        confidenceSequenceReach(1000, 0.05, 1000) - 0.25,
      );
    }
  });

  it.each(['confidence-sequence', 'msprt'] as const)(
    'raises few false alarms in A/A experiments that are looked at every 50 units: %s',
    (method) => {
      const random = createRandom(5);
      const runs = 200;
      let alarms = 0;
      for (let run = 0; run < runs; run++) {
        let a = noStatistics;
        let b = noStatistics;
        let variances: AnalysisInput['variances'] = {};
        for (let look = 0; look < 30; look++) {
          a = mergeStatistics(a, drawUnits(random, 50, 20));
          b = mergeStatistics(b, drawUnits(random, 50, 20));
          const now = input({ watch: a }, { watch: b });
          const plan = { ...now.plan, method };
          // As a running experiment does it: the first look that can tell is kept.
          variances = { ...metricVariances({ ...now, plan }), ...variances };
          const { verdict } = analyseExperiment({ ...now, plan, variances });
          if (verdict === 'pass' || verdict === 'fail') {
            alarms++;
            break;
          }
        }
      }
      expect(alarms / runs).toBeLessThan(0.05 + 2 * Math.sqrt((0.05 * 0.95) / runs));
    },
  );
});

describe('mSPRT in an experiment', () => {
  const of = (values: readonly number[]) =>
    values.map((value) => unitStatistics(1, value)).reduce(mergeStatistics, noStatistics);
  const some = input({ watch: of([0, 2, 0, 2]) }, { watch: of([1, 3, 1, 5]) });
  const plan = {
    ...some.plan,
    estimand: 'per-unit',
    minUnits: 4,
    tunedAtUnits: 100,
    method: 'msprt',
  } as const;
  const first = { ...some, plan };

  it('is tuned to n* by the variances of the first look, and to those alone', () => {
    // Sample variances 4/3 and 11/3 on four units each; se² of the difference 5/4, times 8 units; of the treatment 11/12 times 4.
    const variances = metricVariances(first);
    expect(variances.watch.difference).toBeCloseTo(10, 12);
    expect(variances.watch.level).toBeCloseTo(11 / 3, 12);
    const more = of(Array.from({ length: 400 }, (_, i) => 10 * (i % 7)));
    const later = { ...input({ watch: more }, { watch: more }), plan };
    const { effect } = analyseExperiment({ ...later, variances });
    // ρ(n*) = n*/(2 ln(1/α) + ln(1 + 2 ln(1/α))), r = se² ρ(n*)/σ², h² = (1 + r)(ln(1 + 1/r) + 2 ln(1/α))
    const a = 2 * Math.log(20);
    const r = (effect!.standardError ** 2 * (100 / (a + Math.log(1 + a)))) / variances.watch.difference;
    expect(effect!.method).toBe('msprt');
    expect(effect!.upper - effect!.value).toBeCloseTo(
      effect!.standardError * Math.sqrt((1 + r) * (Math.log(1 + 1 / r) + a)),
      10,
    );
    expect(analyseExperiment(later).effect!.upper).not.toBeCloseTo(effect!.upper, 3);
  });

  it('and the confidence sequence are one test where the variance stays what it was', () => {
    const sequence = analyseExperiment({ ...first, plan: { ...plan, method: 'confidence-sequence' } });
    const mixture = analyseExperiment(first);
    expect(mixture.effect!.lower).toBeCloseTo(sequence.effect!.lower, 10);
    expect(mixture.effect!.upper).toBeCloseTo(sequence.effect!.upper, 10);
  });

  it('has no data, and keeps nothing, before anything varies', () => {
    const flat = { ...input({ watch: of([0, 0, 0, 0]) }, { watch: of([0, 0, 0, 0]) }), plan };
    expect(metricVariances(flat)).toEqual({});
    expect(analyseExperiment(flat).verdict).toBe('no data');
  });
});

describe('the analysis of an experiment', () => {
  const random = createRandom(8);
  const control = drawUnits(random, 2000, 20);
  const better = drawUnits(random, 2000, 30);

  it('passes a treatment that is truly better, with an interval around the true effect', () => {
    const result = analyseExperiment(input({ watch: control }, { watch: better }));
    expect(result.verdict).toBe('pass');
    expect(result.effect!.lower).toBeLessThan(10);
    expect(result.effect!.upper).toBeGreaterThan(10);
    expect(result.units).toEqual({ control: 2000, treatment: 2000 });
  });

  it('fails a treatment that is truly worse', () => {
    expect(analyseExperiment(input({ watch: better }, { watch: control })).verdict).toBe('fail');
  });

  it('has no data, and never a pass, while there are too few units or none', () => {
    const few = drawUnits(random, 20, 20);
    expect(analyseExperiment(input({ watch: few }, { watch: few })).verdict).toBe('no data');
    expect(analyseExperiment(input({}, {})).verdict).toBe('no data');
  });

  it('does not pass while a guardrail has no data, and fails when one is violated', () => {
    const metrics = [main, hides];
    const rate = (p: number) =>
      Array.from({ length: 2000 }, () => unitStatistics(1, random.uniform() < p ? 1 : 0)).reduce(
        mergeStatistics,
        noStatistics,
      );
    const missing = analyseExperiment(input({ watch: control }, { watch: better }, metrics));
    expect(missing.verdict).toBe('inconclusive');
    const bad = { watch: better, hide: rate(0.15) };
    const good = { watch: better, hide: rate(0.01) };
    const from = { watch: control, hide: rate(0.01) };
    expect(analyseExperiment(input(from, bad, metrics)).verdict).toBe('fail');
    expect(analyseExperiment(input(from, good, metrics)).verdict).toBe('pass');
  });

  it('does not pass a limit before its first event: that none was seen is no proof, and a silent arm is not known without error', () => {
    const metrics = [main, hides];
    const hide = (events: number, units: number) =>
      Array.from({ length: units }, (_, n) => unitStatistics(1, n < events ? 1 : 0)).reduce(
        mergeStatistics,
        noStatistics,
      );
    const limitWith = (inControl: number, units: number) =>
      analyseExperiment(
        input(
          { watch: control, hide: hide(inControl, units) },
          { watch: better, hide: hide(0, units) },
          metrics,
        ),
      ).byMetric[1].state;
    expect(limitWith(0, 2_000)).toBe('no data');
    expect(limitWith(1, 60)).toBe('inconclusive');
    expect(limitWith(1, 2_000)).toBe('pass');
  });

  it('leaves signals out of the verdict and of the guardrails\u2019 error budget', () => {
    const signal: PlannedMetric = { ...hides, name: 'skip', role: 'signal' };
    const rates = (p: number): RatioStatistics =>
      Array.from({ length: 500 }, () => unitStatistics(1, random.uniform() < p ? 1 : 0)).reduce(
        mergeStatistics,
        noStatistics,
      );
    const from = { watch: control, hide: rates(0.01), skip: rates(0.3) };
    const to = { watch: better, hide: rates(0.01), skip: rates(0.3) };
    const result = analyseExperiment(input(from, to, [main, hides, signal]));
    expect(result.byMetric.map(({ role, state }) => `${role} ${state}`)).toContain('signal fail');
    expect(result.verdict).not.toBe('fail');
    const alone = analyseExperiment(input(from, to, [main, hides]));
    expect(result.byMetric[1].effect).toEqual(alone.byMetric[1].effect);
  });

  it('compares units within their block and day only', () => {
    const broken = input({ watch: control }, { watch: better });
    const later = broken.treatment.cells.map((cell) => ({ ...cell, day: '2026-01-02' }));
    const result = analyseExperiment({ ...broken, treatment: { ...broken.treatment, cells: later } });
    expect(result.verdict).toBe('no data');
  });

  it('blocks its verdict when units did not arrive in the declared shares', () => {
    const broken = input({ watch: control }, { watch: better });
    const result = analyseExperiment({
      ...broken,
      treatment: { ...broken.treatment, assignedUnits: 1400 },
    });
    expect(result.verdict).toBe('inconclusive');
    expect(result.reasons[0]).toContain('sample ratio mismatch');
  });
});
