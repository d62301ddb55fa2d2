import type { BanditLog, EvaluationPolicy } from '../../../src/core/ope/bandit-log.ts';
import type { OpeLimits } from '../../../src/core/ope/limits.ts';
import type { OpeOptions } from '../../../src/core/ope/evaluate-log.ts';
import { createRandom } from '../../../src/core/math/random.ts';

/** A log of `n` rows over `k` actions with a unit per `rowsPerUnit` rows, its policy and a reward model. */
export interface World {
  readonly log: BanditLog;
  readonly policy: EvaluationPolicy & { readonly kind: 'distribution' };
  readonly model: Float64Array;
}

export interface WorldShape {
  readonly n?: number;
  readonly k?: number;
  readonly rowsPerUnit?: number;
  readonly seed?: number;
}

/** Random behavior and evaluation policies with a floor, Bernoulli rewards that depend on the action. */
export function randomWorld({ n = 2000, k = 3, rowsPerUnit = 1, seed = 7 }: WorldShape = {}): World {
  const random = createRandom(seed);
  const behavior = distributions(n, k, () => random.uniform());
  const evaluation = distributions(n, k, () => random.uniform());
  const actions = new Int32Array(n);
  const rewards = new Float64Array(n);
  const model = new Float64Array(n * k);
  for (let i = 0; i < n; i++) {
    actions[i] = drawFrom(behavior, i, k, random.uniform());
    for (let a = 0; a < k; a++) model[i * k + a] = (a + 1) / (k + 1) + 0.1 * (random.uniform() - 0.5);
    rewards[i] = random.uniform() < (actions[i] + 1) / (k + 1) ? 1 : 0;
  }
  const log = {
    rounds: n,
    actions,
    propensities: Float64Array.from(actions, (a, i) => behavior[i * k + a]),
    responses: new Map([['reward', rewards]]),
    units: Int32Array.from({ length: n }, (_, i) => Math.floor(i / rowsPerUnit)),
    unitCount: Math.ceil(n / rowsPerUnit),
    behaviorProbabilities: behavior,
  };
  return { log, policy: { kind: 'distribution', actionCount: k, probabilities: evaluation }, model };
}

function distributions(n: number, k: number, uniform: () => number): Float64Array {
  const rows = new Float64Array(n * k);
  for (let i = 0; i < n; i++) {
    const raw = Array.from({ length: k }, () => 0.2 + uniform());
    const sum = raw.reduce((a, b) => a + b, 0);
    raw.forEach((value, a) => (rows[i * k + a] = value / sum));
  }
  return rows;
}

function drawFrom(rows: Float64Array, i: number, k: number, u: number): number {
  let mass = 0;
  for (let a = 0; a < k; a++) {
    mass += rows[i * k + a];
    if (u < mass) return a;
  }
  return k - 1;
}

/** Limits that never refuse nor warn, for laws about arithmetic on tiny logs. */
export const noLimits: OpeLimits = {
  meanWeightTolerance: Infinity,
  meanWeightErrors: Infinity,
  maxUnitShare: 1,
  minEffectiveSampleSize: 0,
  maxUnsupportedFraction: 1,
  sumTolerance: 1e-6,
  weakEffectiveSampleSize: 0,
  weakMeanWeightTolerance: Infinity,
  weakUnsupportedFraction: 1,
  minEvents: 0,
};

export const quick: OpeOptions = { level: 0.95, resamples: 50, seed: 1 };

/** The rows of a log in another order, or a part of them; units keep their numbers. */
export function selectRows({ log, policy, model }: World, order: readonly number[]): World {
  const k = policy.actionCount;
  const wide = (from: Float64Array): Float64Array =>
    Float64Array.from(order.flatMap((i) => [...from.subarray(i * k, (i + 1) * k)]));
  return {
    log: {
      rounds: order.length,
      actions: Int32Array.from(order, (i) => log.actions[i]),
      propensities: Float64Array.from(order, (i) => log.propensities[i]),
      responses: new Map(
        [...log.responses].map(([name, values]) => [name, Float64Array.from(order, (i) => values[i])]),
      ),
      units: Int32Array.from(order, (i) => log.units[i]),
      unitCount: log.unitCount,
      ...(log.behaviorProbabilities === undefined
        ? {}
        : { behaviorProbabilities: wide(log.behaviorProbabilities) }),
    },
    policy: { ...policy, probabilities: wide(policy.probabilities) },
    model: wide(model),
  };
}
