import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { readChosenColumns } from '../../offline/tabular/read-columns.ts';
import type { TabularColumns } from '../../offline/tabular/columns.ts';
import type { BanditLog, EvaluationPolicy } from '../../src/core/ope/bandit-log.ts';
import { estimatesIn, evaluateLog, type OpeOptions } from '../../src/core/ope/evaluate-log.ts';
import type { BanditEstimatorId, Estimate } from '../../src/core/ope/report.ts';
import { tune, type TuningMethod } from '../../src/core/ope/tuning/tune.ts';
import { importanceWeights } from '../../src/core/ope/weights.ts';
import { sharedFolder } from '../support/shared.ts';

const folder = sharedFolder('golden/obp-synthetic');
const K = 10;

interface GoldenEstimate {
  /** null where OBP returned NaN. */
  readonly value: number | null;
  readonly stderr: number;
  readonly bootstrap_95?: Readonly<Record<string, number>>;
  readonly best_hyperparam?: number | 'inf';
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

/** A table of 10,000 rounds is read once for hundreds of numbers. */
function once<T>(make: (name: string) => T): (name: string) => T {
  const made = new Map<string, T>();
  return (name) => {
    const value = made.get(name) ?? make(name);
    made.set(name, value);
    return value;
  };
}

const logOf = once((propensity): BanditLog => {
  return {
    rounds: rounds.rows,
    actions: Int32Array.from(numbers('action')),
    propensities: numbers(propensity),
    responses: new Map([['reward', numbers('reward')]]),
    units: Int32Array.from({ length: rounds.rows }, (_, i) => i),
    unitCount: rounds.rows,
  };
});

const policyOf = once((name): EvaluationPolicy => {
  if (name === 'soft' || name === 'sharp') {
    return { kind: 'distribution', actionCount: K, probabilities: matrix(rounds, `pi_${name}_`) };
  }
  const greedy = numbers('eval_greedy_action');
  const probabilities = new Float64Array(rounds.rows * K);
  for (let j = 0; j < probabilities.length; j++) {
    probabilities[j] = name === 'uniform' ? 1 / K : Number(greedy[Math.floor(j / K)] === j % K);
  }
  return { kind: 'distribution', actionCount: K, probabilities };
});

function estimatesFor(policy: string, block: string, options: Partial<OpeOptions>): readonly Estimate[] {
  const log = logOf(block === 'with_estimated_pscore' ? 'est_pscore' : 'pscore');
  const model = models.get(block === 'with_q_hat_mrdr' ? `q_hat_mrdr_${policy}` : 'q_hat');
  const reward = new Map([['reward', model ?? new Float64Array()]]);
  const report = evaluateLog(log, policyOf(policy), {
    level: 0.95,
    resamples: 1,
    seed: 1,
    rewardModels: reward,
    // OBP names no MRDR estimator: it is DR with the model of that block.
    mrdrModels: reward,
    ...options,
  });
  return estimatesIn(report);
}

const toNumber = (text: string): number => (text === 'inf' ? Infinity : Number(text));

/** `dros[lambda=10]` as the options that ask for it. */
function settingOf(key: string): Partial<OpeOptions> {
  const [, family, lambda] = /^(\w+)\[lambda=(.+)\]$/.exec(key) ?? [];
  const value = toNumber(lambda);
  const settings: Readonly<Record<string, Partial<OpeOptions>>> = {
    ips_clip: { estimators: ['ips'], clip: value },
    dr_clip: { estimators: ['dr'], clip: value },
    switch_dr: { estimators: ['switch-dr'], switchThreshold: value },
    dros: { estimators: ['dros'], drosLambda: value },
    sg_ips: { estimators: ['sg-ips'], subGaussianLambda: value },
    sg_dr: { estimators: ['sg-dr'], subGaussianLambda: value },
  };
  return settings[family];
}

/** (1/n) Σ 1[w > 0] r, and with the model the direct method plus (1/n) Σ 1[w > 0] (r − q̂). */
function limitOf(key: string, policy: string, block: string): number {
  const [dm] = estimatesFor(policy, block, { estimators: ['dm'] });
  if (key.startsWith('dros')) return dm.value;
  const { probabilities } = policyOf(policy);
  const model =
    models.get(block === 'with_q_hat_mrdr' ? `q_hat_mrdr_${policy}` : 'q_hat') ?? new Float64Array();
  let responses = 0;
  let residuals = 0;
  numbers('action').forEach((a, i) => {
    if (probabilities[i * K + a] === 0) return;
    responses += numbers('reward')[i] / rounds.rows;
    residuals += (numbers('reward')[i] - model[i * K + a]) / rounds.rows;
  });
  return key.startsWith('sg_ips') ? responses : dm.value + residuals;
}

/**
 * The candidates that OBP chose from: those whose values stand in the block, without the direct method among them
 * (dros 0, switch below 1), and with no clip.
 */
function gridOfFamily(block: Block, family: string): number[] {
  const prefix = family === 'ips' || family === 'dr' ? `${family}_clip[` : `${family}[`;
  const given = Object.keys(block)
    .filter((key) => key.startsWith(prefix))
    .map((key) => toNumber(/lambda=(.+)\]/.exec(key)?.[1] ?? ''))
    .filter((value) => !(family === 'dros' && value === 0) && !(family === 'switch_dr' && value < 1));
  const grid = [...new Set([...given, ...(family.startsWith('sg') ? [] : [Infinity])])];
  return grid.sort((a, b) => (family.startsWith('sg') ? b - a : a - b));
}

function choiceOf(
  policy: string,
  block: string,
  family: string,
  method: TuningMethod,
  grid: readonly number[],
): number | null {
  const log = logOf(block === 'with_estimated_pscore' ? 'est_pscore' : 'pscore');
  const model =
    models.get(block === 'with_q_hat_mrdr' ? `q_hat_mrdr_${policy}` : 'q_hat') ?? new Float64Array();
  const evaluation = policyOf(policy);
  const input = {
    log,
    policy: evaluation,
    weights: importanceWeights(log, evaluation),
    estimators: [],
    rewardModels: new Map([['reward', model]]),
    locate: String,
  };
  const id = family.replace('_', '-') as BanditEstimatorId;
  return tune(input, { id, response: 'reward', grid, method, subset: null });
}

/** Within 1e-9 of the expected number, relative. */
function expectClose(found: number, expected: number | null): void {
  if (expected === null) throw new Error('there is no golden number');
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

    it('has SNDR to 1e-9; its standard error differs by definition, as that of SNIPS does', () => {
      const [found] = estimatesFor(policy, name, { estimators: ['sndr'] });
      expectClose(found.value, block.sndr.value);
      expect(Math.abs(found.standardError / block.sndr.stderr - 1)).toBeGreaterThan(1e-7);
    });

    it('has MRDR as DR with the model of this block', () => {
      const [found] = estimatesFor(policy, name, { estimators: ['mrdr'] });
      expectClose(found.value, block.dr.value);
      expectClose(found.standardError, block.dr.stderr);
    });

    const shrunk = Object.keys(block).filter((key) => /^(switch_dr|dros|sg_ips|sg_dr)\[/.test(key));
    it.each(shrunk.filter((key) => block[key].value !== null))('has %s, value and standard error', (key) => {
      const [found] = estimatesFor(policy, name, settingOf(key));
      expectClose(found.value, block[key].value);
      expectClose(found.standardError, block[key].stderr);
    });

    // OBP divides 0 by 0 where a weight is exactly 0. A row that π never takes has weight 0 at every λ > 0, so that is
    // its limit: DRos(0) is the direct method, sub-Gaussian at λ = 1 weighs every other row with 1.
    it.each(shrunk.filter((key) => block[key].value === null))(
      'has the limit of %s, where OBP has NaN',
      (key) => {
        const [found] = estimatesFor(policy, name, settingOf(key));
        expectClose(found.value, limitOf(key, policy, name));
      },
    );

    const tuned = Object.keys(block).filter((key) => key.includes('_tuned['));
    it.each(tuned)('chooses as %s does', (key) => {
      const [, family, method] = /^(\w+)_tuned\[(\w+)\]$/.exec(key) ?? [];
      const grid = gridOfFamily(block, family);
      const chosen = choiceOf(policy, name, family, method === 'slope' ? 'slope' : 'mse-proxy', grid);
      const { value, best_hyperparam: best } = block[key];
      if (value === null) {
        // One NaN among the candidates and OBP's choice is NaN; ours is a candidate.
        expect(grid).toContain(chosen);
        return;
      }
      const prefix = family === 'ips' || family === 'dr' ? `${family}_clip` : family;
      const [found] = estimatesFor(policy, name, settingOf(`${prefix}[lambda=${chosen}]`));
      // Clips above every weight are one candidate; of equal ones OBP may name another.
      expectClose(found.value, value);
      if (best !== 'inf' && chosen !== Infinity) expect(chosen).toBe(best);
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

  it.each(['soft', 'sharp', 'greedy', 'uniform'])(
    // An end of theirs, from 1,000 resamples, errs by 2.2 % of the width, one of ours by 1 %: a tenth is four such errors.
    'has bootstrap endpoints of %s within a tenth of the width, from 5,000 resamples of 10,000 units',
    (policy) => {
      const block = golden.policies[policy].with_q_hat as Block;
      for (const { estimator, intervals } of estimatesFor(policy, 'with_q_hat', { resamples: 5_000 })) {
        // SNIPS is not resampled alike: OBP keeps the denominator of the full sample.
        if (estimator === 'snips') continue;
        const theirs = block[estimator].bootstrap_95 ?? {};
        const [lower, upper] = [theirs['95.0% CI (lower)'], theirs['95.0% CI (upper)']];
        const [ours] = intervals.filter(({ method }) => method === 'bootstrap-percentile');
        expect(Math.abs(ours.lower - lower)).toBeLessThan(0.1 * (upper - lower));
        expect(Math.abs(ours.upper - upper)).toBeLessThan(0.1 * (upper - lower));
      }
    },
  );
});
