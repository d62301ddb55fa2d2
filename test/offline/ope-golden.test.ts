import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { readChosenColumns } from '../../offline/tabular/read-columns.ts';
import type { TabularColumns } from '../../offline/tabular/columns.ts';
import type { BanditLog, EvaluationPolicy } from '../../src/core/ope/bandit-log.ts';
import { estimatesIn, evaluateLog, type OpeOptions } from '../../src/core/ope/evaluate-log.ts';
import type { Estimate } from '../../src/core/ope/report.ts';
import { sharedFolder } from '../support/shared.ts';

const folder = sharedFolder('golden/obp-synthetic');
const K = 10;

interface GoldenEstimate {
  readonly value: number;
  readonly stderr: number;
  readonly bootstrap_95?: Readonly<Record<string, number>>;
}
type Block = Readonly<Record<string, GoldenEstimate>>;

const golden =
  folder === null
    ? { policies: {} }
    : (JSON.parse(readFileSync(join(folder, 'golden.json'), 'utf8')) as {
        policies: Record<string, Record<string, unknown>>;
      });

const blocks = Object.entries(golden.policies).flatMap(([policy, content]) =>
  Object.keys(content)
    .filter((name) => name.startsWith('with_'))
    .map((name) => ({ policy, name, block: content[name] as Block })),
);

let rounds: TabularColumns;
const models = new Map<string, Float64Array>();

const numbers = (name: string): Float64Array => rounds.numbers.get(name) ?? new Float64Array();

const allNumeric = (file: string): Promise<TabularColumns> =>
  readChosenColumns(file, (header) => header.map((name) => ({ name, type: 'number' })));

function matrix(table: TabularColumns, prefix: string): Float64Array {
  const rows = new Float64Array(table.rows * K);
  for (let a = 0; a < K; a++) {
    table.numbers.get(`${prefix}${a}`)?.forEach((value, i) => (rows[i * K + a] = value));
  }
  return rows;
}

function logOf(propensity: 'pscore' | 'est_pscore'): BanditLog {
  return {
    rounds: rounds.rows,
    actions: Int32Array.from(numbers('action')),
    propensities: numbers(propensity),
    responses: new Map([['reward', numbers('reward')]]),
    units: Int32Array.from({ length: rounds.rows }, (_, i) => i),
    unitCount: rounds.rows,
  };
}

function policyOf(name: string): EvaluationPolicy {
  if (name === 'soft' || name === 'sharp') {
    return { kind: 'distribution', actionCount: K, probabilities: matrix(rounds, `pi_${name}_`) };
  }
  const greedy = numbers('eval_greedy_action');
  const probabilities = new Float64Array(rounds.rows * K);
  for (let j = 0; j < probabilities.length; j++) {
    probabilities[j] = name === 'uniform' ? 1 / K : Number(greedy[Math.floor(j / K)] === j % K);
  }
  return { kind: 'distribution', actionCount: K, probabilities };
}

function estimatesFor(policy: string, block: string, options: Partial<OpeOptions>): readonly Estimate[] {
  const log = logOf(block === 'with_estimated_pscore' ? 'est_pscore' : 'pscore');
  const model = models.get(block === 'with_q_hat_mrdr' ? `q_hat_mrdr_${policy}` : 'q_hat');
  const report = evaluateLog(log, policyOf(policy), {
    level: 0.95,
    resamples: 1,
    seed: 1,
    rewardModels: new Map([['reward', model ?? new Float64Array()]]),
    ...options,
  });
  return estimatesIn(report);
}

/** Within 1e-9 of the expected number, relative. */
function expectClose(found: number, expected: number): void {
  expect(Math.abs(found - expected)).toBeLessThanOrEqual(1e-9 * Math.abs(expected));
}

describe.skipIf(folder === null)('numbers of OBP 0.5.7 (needs ../shared/golden/obp-synthetic)', () => {
  beforeAll(async () => {
    const from = (name: string) => join(folder ?? '', `${name}.csv.gz`);
    rounds = await allNumeric(from('rounds'));
    for (const name of ['q_hat', 'q_hat_mrdr_soft', 'q_hat_mrdr_sharp']) {
      models.set(name, matrix(await allNumeric(from(name)), 'q_'));
    }
  });

  describe.each(blocks)('$policy, $name', ({ policy, name, block }) => {
    it('has the values of IPS, SNIPS, DM and DR to 1e-9', () => {
      const found = estimatesFor(policy, name, {});
      expect(found.map(({ estimator }) => estimator)).toEqual(['ips', 'snips', 'dm', 'dr']);
      for (const { estimator, value } of found) expectClose(value, block[estimator].value);
    });

    it('has the standard errors of IPS, DM and DR to 1e-9; that of SNIPS differs by definition', () => {
      for (const { estimator, standardError } of estimatesFor(policy, name, {})) {
        if (estimator !== 'snips') expectClose(standardError, block[estimator].stderr);
        // Theirs is the spread of w r / mean(w), which forgets that the mean weight varies too.
        else expect(Math.abs(standardError / block.snips.stderr - 1)).toBeGreaterThan(1e-3);
      }
    });

    const clipped = Object.keys(block).filter((key) => /^(ips|dr)_clip/.test(key));
    it.each(clipped)('has %s to 1e-9, value and standard error', (key) => {
      const [, estimator, clip] = /^(\w+)_clip\[lambda=(.+)\]$/.exec(key) ?? [];
      const [found] = estimatesFor(policy, name, {
        estimators: [estimator as 'ips' | 'dr'],
        clip: Number(clip),
      });
      expectClose(found.value, block[key].value);
      expectClose(found.standardError, block[key].stderr);
      expect(found.clip).toBe(Number(clip));
    });
  });

  it('has bootstrap endpoints within 10 % of the width, from 100,000 resamples of 10,000 units', () => {
    // One policy here: the other three differ in nothing that the bootstrap sees, and 10⁹ draws take their time.
    const found = estimatesFor('sharp', 'with_q_hat', { resamples: 100_000 });
    const block = golden.policies.sharp.with_q_hat as Block;
    for (const { estimator, intervals } of found) {
      // SNIPS is not resampled alike: OBP keeps the denominator of the full sample.
      if (estimator === 'snips') continue;
      const theirs = block[estimator].bootstrap_95 ?? {};
      const [lower, upper] = [theirs['95.0% CI (lower)'], theirs['95.0% CI (upper)']];
      const [ours] = intervals.filter(({ method }) => method === 'bootstrap-percentile');
      expect(Math.abs(ours.lower - lower)).toBeLessThan(0.1 * (upper - lower));
      expect(Math.abs(ours.upper - upper)).toBeLessThan(0.1 * (upper - lower));
    }
  }, 240_000);

  it.each(['soft', 'greedy', 'uniform'])(
    'has bootstrap endpoints of %s within 10 % of the width, from 5,000 resamples',
    (policy) => {
      const block = golden.policies[policy].with_q_hat as Block;
      for (const { estimator, intervals } of estimatesFor(policy, 'with_q_hat', { resamples: 5_000 })) {
        if (estimator === 'snips') continue;
        const theirs = block[estimator].bootstrap_95 ?? {};
        const [lower, upper] = [theirs['95.0% CI (lower)'], theirs['95.0% CI (upper)']];
        expect(Math.abs(intervals[0].lower - lower)).toBeLessThan(0.1 * (upper - lower));
        expect(Math.abs(intervals[0].upper - upper)).toBeLessThan(0.1 * (upper - lower));
      }
    },
  );
});
