import { describe, expect, it } from 'vitest';
import {
  analyseExperiment,
  type AnalysisInput,
  type MetricSpec,
} from '../../../src/core/experiment/analysis.ts';
import { confidenceSequenceReach } from '../../../src/core/experiment/confidence-sequence.ts';
import {
  mergeStatistics,
  noStatistics,
  unitStatistics,
  type RatioStatistics,
} from '../../../src/core/experiment/ratio-statistics.ts';
import { createRandom, type Random } from '../../../src/core/math/random.ts';

const main: MetricSpec = { name: 'watch', role: 'main', rule: { kind: 'improve', better: 'higher' } };
const hides: MetricSpec = {
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
  changes: Partial<AnalysisInput> = {},
): AnalysisInput {
  const variant = (name: string, statistics: Readonly<Record<string, RatioStatistics>>) => ({
    name,
    share: 0.5,
    assignedUnits: statistics.watch?.units ?? 0,
    statistics: new Map(Object.entries(statistics)),
  });
  return {
    metrics: [main],
    control: variant('control', control),
    treatment: variant('treatment', treatment),
    level: 0.95,
    minUnits: 50,
    tunedAt: 1000,
    sampleRatioAlpha: 0.001,
    ...changes,
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
    const missing = analyseExperiment(input({ watch: control }, { watch: better }, { metrics }));
    expect(missing.verdict).toBe('inconclusive');
    const bad = { watch: better, hide: rate(0.15) };
    const good = { watch: better, hide: rate(0.01) };
    const from = { watch: control, hide: rate(0.01) };
    expect(analyseExperiment(input(from, bad, { metrics })).verdict).toBe('fail');
    expect(analyseExperiment(input(from, good, { metrics })).verdict).toBe('pass');
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
