import { describe, expect, it } from 'vitest';
import type { BanditLog, EvaluationPolicy } from '../../../src/core/ope/bandit-log.ts';
import { estimatesIn, evaluateLog, type OpeOptions } from '../../../src/core/ope/evaluate-log.ts';
import { evaluatePooled, type Pooling } from '../../../src/core/ope/pooled.ts';
import { isRefusal } from '../../../src/core/ope/report.ts';
import { isWeakness } from '../../../src/core/ope/trouble.ts';
import { createRandom } from '../../../src/core/math/random.ts';
import { noLimits, quick } from './logs.ts';

const A = [0.8, 0.1, 0.1];
const B = [0.1, 0.2, 0.7];
const evaluation = [0.3, 0.3, 0.4];
const means = [0.2, 0.5, 0.8];
const truth = means.reduce((sum, mean, a) => sum + mean * evaluation[a], 0);

/** Rows served by A (60 %) and B, both known on every row. */
function pooledLog(n: number, seed: number): BanditLog {
  const random = createRandom(seed);
  const index = Int32Array.from({ length: n }, () => (random.uniform() < 0.6 ? 0 : 1));
  const actions = index.map((version) => {
    const u = random.uniform();
    const p = version === 0 ? A : B;
    return u < p[0] ? 0 : u < p[0] + p[1] ? 1 : 2;
  });
  return {
    rounds: n,
    actions,
    propensities: Float64Array.from(actions, (a, i) => [A, B][index[i]][a]),
    responses: new Map([['reward', Float64Array.from(actions, (a) => Number(random.uniform() < means[a]))]]),
    units: Int32Array.from(actions.keys()),
    unitCount: n,
    behaviorVersions: {
      names: ['A', 'B'],
      index,
      probabilities: Float64Array.from([...actions].flatMap((a) => [A[a], B[a]])),
    },
  };
}
const policyOf = (n: number): EvaluationPolicy => ({
  kind: 'distribution',
  actionCount: 3,
  probabilities: Float64Array.from({ length: 3 * n }, (_, j) => evaluation[j % 3]),
});
const versionsOf = (log: BanditLog) => {
  if (log.behaviorVersions === undefined) throw new Error('no versions');
  return log.behaviorVersions;
};

const log = pooledLog(6000, 3);
const policy = policyOf(log.rounds);
const evaluate = (from: BanditLog, pooling: Pooling, options: Partial<OpeOptions> = {}) =>
  evaluatePooled(from, policyOf(from.rounds), pooling, { ...quick, estimators: ['ips'], ...options });
const only = (from: BanditLog, pooling: Pooling, options: Partial<OpeOptions> = {}) =>
  estimatesIn(evaluate(from, pooling, options))[0];
const refusalIn = (from: BanditLog, pooling: Pooling) => {
  const [found] = evaluate(from, pooling).estimates;
  if (!isRefusal(found)) throw new Error('not refused');
  return found.refusal;
};

describe('a log of two behavior versions', () => {
  it('naive pooling is the plain estimate', () => {
    expect(evaluate(log, 'naive')).toEqual(evaluateLog(log, policy, { ...quick, estimators: ['ips'] }));
  });

  it('balanced weights are π / Σ share p, computed by hand', () => {
    const { index } = versionsOf(log);
    const shareOfB = index.reduce((a, b) => a + b) / log.rounds;
    const rewards = log.responses.get('reward') ?? new Float64Array();
    let sum = 0;
    log.actions.forEach((a, i) => {
      sum += (rewards[i] * evaluation[a]) / ((1 - shareOfB) * A[a] + shareOfB * B[a]);
    });
    expect(only(log, 'balanced').value).toBeCloseTo(sum / log.rounds, 12);
  });

  it.each(['naive', 'balanced', 'precision-weighted'] as const)(
    '%s pooling finds the truth within its error',
    (pooling) => {
      const { value, standardError } = only(log, pooling);
      expect(Math.abs(value - truth)).toBeLessThan(3 * standardError);
    },
  );

  it.each(['naive', 'balanced', 'precision-weighted'] as const)(
    '%s pooling is unbiased over 200 logs',
    (pooling) => {
      const errors = Array.from(
        { length: 200 },
        (_, seed) =>
          only(pooledLog(400, 100 + seed), pooling, { limits: noLimits, resamples: 1 }).value - truth,
      );
      const mean = errors.reduce((a, b) => a + b) / errors.length;
      const error = Math.sqrt(errors.reduce((a, e) => a + (e - mean) ** 2, 0)) / errors.length;
      expect(Math.abs(mean)).toBeLessThan(4 * error);
    },
  );

  it('balanced and precision-weighted have smaller errors than naive where one version is far from π', () => {
    const naive = only(log, 'naive').standardError;
    expect(only(log, 'balanced').standardError).toBeLessThan(0.7 * naive);
    expect(only(log, 'precision-weighted').standardError).toBeLessThan(naive);
  });

  it('precision-weighted combines the versions’ own estimates by their effective samples', () => {
    const { index } = versionsOf(log);
    const parts = [0, 1].map((version) => {
      const rows = [...index.keys()].filter((i) => index[i] === version);
      const part = {
        rounds: rows.length,
        actions: Int32Array.from(rows, (i) => log.actions[i]),
        propensities: Float64Array.from(rows, (i) => log.propensities[i]),
        responses: new Map([
          ['reward', Float64Array.from(rows, (i) => log.responses.get('reward')?.[i] ?? NaN)],
        ]),
        units: Int32Array.from(rows.keys()),
        unitCount: rows.length,
      };
      const report = evaluateLog(part, policyOf(rows.length), { ...quick, estimators: ['ips'] });
      return { ...estimatesIn(report)[0], size: report.health.effectiveSampleSize };
    });
    const total = parts[0].size + parts[1].size;
    const expected = (parts[0].value * parts[0].size + parts[1].value * parts[1].size) / total;
    const error = Math.hypot(...parts.map(({ standardError, size }) => (standardError * size) / total));
    const found = only(log, 'precision-weighted');
    expect(found.value).toBeCloseTo(expected, 12);
    expect(found.standardError / error).toBeCloseTo(1, 2);
    expect(found.warnings.map(({ code }) => code)).toContain('versions_combined');
    expect(found.warnings.filter(isWeakness)).toEqual([]);
  });

  it('a version without events keeps its share: precision is not read off the response', () => {
    const { index } = versionsOf(log);
    const rare = Float64Array.from(log.actions, (_, i) => Number(index[i] === 0 && i % 9 === 0));
    const found = only({ ...log, responses: new Map([['share', rare]]) }, 'precision-weighted');
    const onA = only({ ...log, responses: new Map([['share', rare]]) }, 'naive');
    expect(found.value).toBeGreaterThan(0);
    expect(found.value).toBeLessThan(onA.value * 2);
  });
});

describe('balanced pooling is refused', () => {
  it('without every version’s probability', () => {
    const { names, index } = versionsOf(log);
    const bare = { ...log, behaviorVersions: { names, index } };
    expect(refusalIn(bare, 'balanced').code).toBe('behavior_versions_incomplete');
    const { behaviorVersions: _, ...without } = log;
    expect(refusalIn(without, 'balanced').code).toBe('behavior_versions_incomplete');
  });

  it('where one is missing on one row, which it names', () => {
    const versions = versionsOf(log);
    const probabilities = (versions.probabilities ?? new Float64Array()).slice();
    probabilities[2 * 41 + 1] = NaN;
    const { reason } = refusalIn({ ...log, behaviorVersions: { ...versions, probabilities } }, 'balanced');
    expect(reason).toContain('row 41');
    expect(reason).toContain('version B');
  });

  it('where labels are swapped between the versions', () => {
    const versions = versionsOf(log);
    const swapped = { ...versions, index: versions.index.map((version) => 1 - version) };
    const { code, reason } = refusalIn({ ...log, behaviorVersions: swapped }, 'balanced');
    expect(code).toBe('behavior_versions_contradict');
    expect(reason).toContain('labels are swapped');
  });
});

describe('propensities of the other behavior version', () => {
  it('are refused by the mean weight of the whole log', () => {
    const { index } = versionsOf(log);
    const propensities = Float64Array.from(log.actions, (a, i) => [B, A][index[i]][a]);
    const [found] = evaluate({ ...log, propensities }, 'naive').estimates;
    expect(isRefusal(found) && found.refusal.code).toBe('mean_weight_wrong');
  });

  it('are flagged by version where they are too few to move the whole', () => {
    // A small third version, C, served like B, its propensities logged as those of A.
    const versions = versionsOf(log);
    const isC = (i: number) => versions.index[i] === 1 && i % 30 === 0;
    const index = versions.index.map((version, i) => (isC(i) ? 2 : version));
    const propensities = log.propensities.map((p, i) => (isC(i) ? A[log.actions[i]] : p));
    const mixed = { ...log, propensities, behaviorVersions: { names: ['A', 'B', 'C'], index } };
    const found = only(mixed, 'naive');
    const flagged = found.warnings.filter(({ code }) => code === 'propensities_inconsistent');
    expect(flagged.map(({ reason }) => reason).join()).toContain('version C');
    const combined = only(mixed, 'precision-weighted');
    expect(
      combined.warnings
        .filter(isWeakness)
        .map(({ reason }) => reason)
        .join(),
    ).toContain('version C is left out');
  });
});
