import type { BanditLog, EvaluationPolicy } from '../../../src/core/ope/bandit-log.ts';
import { createEstimator } from '../../../src/core/ope/estimators.ts';
import type { HyperParameterName } from '../../../src/core/ope/hyper-parameters.ts';
import type { BanditEstimatorId } from '../../../src/core/ope/report.ts';
import { tune } from '../../../src/core/ope/tuning/tune.ts';
import { isValuation, valuate, type ValuationInput } from '../../../src/core/ope/valuation.ts';
import { invariant } from '../../../src/core/check.ts';
import { createRandom, type Random } from '../../../src/core/math/random.ts';
import { fitBinary, predictBinary } from '../logistic/binary-logistic.ts';
import { fitMultinomial, softmax } from '../logistic/multinomial-logistic.ts';
import { drawBatch, drawWorld, softmaxOf, type Batch, type DesignOptions } from './world.ts';

export const tableEstimators = ['dm', 'ips', 'snips', 'dr', 'sndr', 'switch-dr', 'dros'] as const;
export type TableEstimator = (typeof tableEstimators)[number];

/** λ of SWITCH-DR and DRos: the published grid. */
const GRID = [10, 50, 100, 500, 1000, 5000, 10_000, Infinity];
/** Inverse regularisation C of both regressions, and the folds of q̂: the published settings. */
const INVERSE_REGULARISATION = 100;
const FOLDS = 3;

export interface ReplicationTask {
  readonly design: DesignOptions;
  readonly seed: number;
}

export interface Replication {
  /** |V̂ − V|/V, V = (1/n) Σᵢ Σₐ π(a∣xᵢ) q(xᵢ, a) on the evaluation batch. */
  readonly errors: Readonly<Record<TableEstimator, number>>;
  readonly truth: number;
  readonly largestWeight: number;
}

/** One run: a fresh world, a policy learned on one batch of its log and valued on another. */
export function task({ design, seed }: ReplicationTask): Replication {
  const random = createRandom(seed);
  const world = drawWorld(design, random.fork('world'));
  const learning = drawBatch(world, random.fork('learning'));
  const batch = drawBatch(world, random.fork('evaluation'));
  const policy = learnedPolicy(design, learning, batch.contexts);
  const input = valuationInput(design, batch, policy, random.fork('folds'));
  const truth = trueValue(design, batch, policy);
  const errors = Object.fromEntries(
    tableEstimators.map((id) => [id, Math.abs(valueOf(input, id) - truth) / truth]),
  ) as Record<TableEstimator, number>;
  return { errors, truth, largestWeight: input.weights.reduce((a, b) => Math.max(a, b), 0) };
}

/** A classifier of the logged action with sample weights r/p; π = softmax of its class probabilities (temperature 1). */
function learnedPolicy(
  { rounds, actions: K, width }: DesignOptions,
  learning: Batch,
  contexts: Float64Array,
): Float64Array {
  const model = fitMultinomial({
    rows: rounds,
    width,
    x: learning.contexts,
    classes: K,
    labels: learning.actions,
    weights: learning.rewards.map((r, i) => r / learning.propensities[i]),
    inverseRegularisation: INVERSE_REGULARISATION,
  });
  const policy = new Float64Array(rounds * K);
  const classes = new Float64Array(K);
  for (let i = 0; i < rounds; i++) {
    softmax(model, contexts, i, width, classes);
    softmaxOf(classes, 0, 1, policy.subarray(i * K, (i + 1) * K));
  }
  return policy;
}

/** q̂ from logistic regression on (x, one-hot a) without interactions, so misspecified; cross-fitted. */
function crossFitted(
  { rounds, actions: K, width }: DesignOptions,
  batch: Batch,
  random: Random,
): Float64Array {
  const fold = Int32Array.from({ length: rounds }, () => random.integer(FOLDS));
  const model = new Float64Array(rounds * K);
  for (let f = 0; f < FOLDS; f++) {
    const coefficients = fitBinary({
      rows: Int32Array.from(fold.keys()).filter((i) => fold[i] !== f),
      width,
      x: batch.contexts,
      actions: batch.actions,
      actionCount: K,
      outcomes: batch.rewards,
      inverseRegularisation: INVERSE_REGULARISATION,
    });
    for (let i = 0; i < rounds; i++) {
      if (fold[i] !== f) continue;
      for (let a = 0; a < K; a++) {
        model[i * K + a] = predictBinary(coefficients, batch.contexts, i, width, a);
      }
    }
  }
  return model;
}

function valuationInput(
  design: DesignOptions,
  batch: Batch,
  probabilities: Float64Array,
  random: Random,
): ValuationInput {
  const { rounds, actions: K } = design;
  const log: BanditLog = {
    rounds,
    actions: batch.actions,
    propensities: batch.propensities,
    responses: new Map([['reward', batch.rewards]]),
    units: Int32Array.from({ length: rounds }, (_, i) => i),
    unitCount: rounds,
  };
  const policy: EvaluationPolicy = { kind: 'distribution', actionCount: K, probabilities };
  return {
    log,
    policy,
    weights: batch.propensities.map((p, i) => probabilities[i * K + batch.actions[i]] / p),
    estimators: [],
    rewardModels: new Map([['reward', crossFitted(design, batch, random)]]),
    locate: (row) => `row ${row}`,
  };
}

const tuned: Partial<Record<BanditEstimatorId, HyperParameterName>> = {
  'switch-dr': 'switchThreshold',
  dros: 'drosLambda',
};

/** Tuned and valued on the same rows, as the published run does (the product uses separate folds). */
function valueOf(input: ValuationInput, id: TableEstimator): number {
  const name = tuned[id];
  const chosen =
    name === undefined
      ? null
      : tune(input, { id, response: 'reward', grid: GRID, method: 'slope', subset: null });
  const estimator = createEstimator(id, name === undefined || chosen === null ? {} : { [name]: chosen });
  const [result] = valuate({ ...input, estimators: [estimator] });
  invariant(isValuation(result), `${id} has a value`);
  return result.value;
}

function trueValue({ rounds }: DesignOptions, { expected }: Batch, policy: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < expected.length; k++) sum += policy[k] * expected[k];
  return sum / rounds;
}
