import { describe, expect, it } from 'vitest';
import { analyseExperiment, type AnalysisInput } from '../../../src/core/experiment/analysis.ts';
import { noCellStatistics } from '../../../src/core/experiment/cell-statistics.ts';
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

  it('raises few false alarms in A/A experiments that are looked at every 50 units', () => {
    const random = createRandom(5);
    const runs = 200;
    let alarms = 0;
    for (let run = 0; run < runs; run++) {
      let a = noStatistics;
      let b = noStatistics;
      for (let look = 0; look < 30; look++) {
        a = mergeStatistics(a, drawUnits(random, 50, 20));
        b = mergeStatistics(b, drawUnits(random, 50, 20));
        const { verdict } = analyseExperiment(input({ watch: a }, { watch: b }));
        if (verdict === 'pass' || verdict === 'fail') {
          alarms++;
          break;
        }
      }
    }
    expect(alarms / runs).toBeLessThan(0.05 + 2 * Math.sqrt((0.05 * 0.95) / runs));
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
