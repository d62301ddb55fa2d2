import type { Random } from '../../../src/core/math/random.ts';

/** How the log was made: softmax(β q(x, ·)), or softmax(β z(x, ·)) with linear scores z of their own. */
export type BehaviorDesign = 'softmax-of-reward' | 'linear';

export interface DesignOptions {
  readonly rounds: number;
  readonly actions: number;
  readonly width: number;
  /** β; negative: the log prefers bad actions. */
  readonly beta: number;
  readonly behavior: BehaviorDesign;
}

export const publishedDesign: DesignOptions = {
  rounds: 10_000,
  actions: 30,
  width: 5,
  beta: -3,
  behavior: 'softmax-of-reward',
};

/** Coefficients of one world. Scores are (1, x)ᵀ θ + (1, e_a)ᵀ φ + (1, x)ᵀ M (1, e_a). */
export interface World {
  readonly design: DesignOptions;
  readonly reward: Float64Array;
  readonly linear: Float64Array;
}

/** A batch of logged rounds with what nobody sees in a real log: q(x, a) of every action. */
export interface Batch {
  readonly contexts: Float64Array;
  readonly actions: Int32Array;
  readonly propensities: Float64Array;
  readonly rewards: Float64Array;
  /** rounds × K. */
  readonly expected: Float64Array;
}

/**
 * A world of the published synthetic design (OBP 0.5.2 to 0.5.4): standard normal contexts, reward coefficients uniform on
 * [−1, 1], those of the linear behavior policy uniform on [0, 1].
 */
export function drawWorld(design: DesignOptions, random: Random): World {
  const symmetric = random.fork('reward');
  const positive = random.fork('behavior');
  return {
    design,
    reward: coefficients(design, () => 2 * symmetric.uniform() - 1, true),
    linear: coefficients(design, () => positive.uniform(), false),
  };
}

/** Folds θ, φ and M into one row of width + 1 coefficients per action, the constant first. */
function coefficients(
  { actions, width }: DesignOptions,
  draw: () => number,
  hasContext: boolean,
): Float64Array {
  const size = width + 1;
  const vector = (n: number): number[] => Array.from({ length: n }, draw);
  const theta = hasContext ? vector(size) : new Array<number>(size).fill(0);
  const phi = vector(actions + 1);
  const interactions = Array.from({ length: size }, () => vector(actions + 1));
  const folded = new Float64Array(actions * size);
  for (let a = 0; a < actions; a++) {
    for (let j = 0; j < size; j++) {
      folded[a * size + j] = theta[j] + interactions[j][0] + interactions[j][a + 1];
    }
    folded[a * size] += phi[0] + phi[a + 1];
  }
  return folded;
}

/** Rounds logged in the world: q = logistic(standardised score), a ~ μ(·∣x), r ~ Bernoulli(q(x, a)). */
export function drawBatch({ design, reward, linear }: World, random: Random): Batch {
  const { rounds, actions: K, width, beta, behavior } = design;
  const draws = random.fork('draws');
  const contexts = new Float64Array(rounds * width);
  for (let i = 0; i < contexts.length; i++) contexts[i] = draws.normal();
  const expected = standardised(contexts, reward, design).map((z) => 1 / (1 + Math.exp(-z)));
  const scores = behavior === 'linear' ? standardised(contexts, linear, design) : expected;
  const actions = new Int32Array(rounds);
  const propensities = new Float64Array(rounds);
  const rewards = new Float64Array(rounds);
  const probabilities = new Float64Array(K);
  for (let i = 0; i < rounds; i++) {
    softmaxOf(scores, i * K, beta, probabilities);
    const a = drawIndex(probabilities, draws.uniform());
    actions[i] = a;
    propensities[i] = probabilities[a];
    rewards[i] = draws.uniform() < expected[i * K + a] ? 1 : 0;
  }
  return { contexts, actions, propensities, rewards, expected };
}

/** Scores with mean 0 and variance 1 over all rounds and actions of the batch. */
function standardised(
  contexts: Float64Array,
  folded: Float64Array,
  { rounds, actions, width }: DesignOptions,
): Float64Array {
  const size = width + 1;
  const scores = new Float64Array(rounds * actions);
  for (let i = 0; i < rounds; i++) {
    for (let a = 0; a < actions; a++) {
      let score = folded[a * size];
      for (let j = 0; j < width; j++) score += folded[a * size + 1 + j] * contexts[i * width + j];
      scores[i * actions + a] = score;
    }
  }
  let mean = 0;
  for (const score of scores) mean += score / scores.length;
  let variance = 0;
  for (const score of scores) variance += (score - mean) ** 2 / scores.length;
  return scores.map((score) => (score - mean) / Math.sqrt(variance));
}

/** softmax(scale · values[from …]) into `out`. */
export function softmaxOf(values: Float64Array, from: number, scale: number, out: Float64Array): void {
  let highest = -Infinity;
  for (let a = 0; a < out.length; a++) highest = Math.max(highest, scale * values[from + a]);
  let sum = 0;
  for (let a = 0; a < out.length; a++) sum += out[a] = Math.exp(scale * values[from + a] - highest);
  for (let a = 0; a < out.length; a++) out[a] /= sum;
}

function drawIndex(probabilities: Float64Array, u: number): number {
  let below = 0;
  for (let a = 0; a < probabilities.length - 1; a++) {
    below += probabilities[a];
    if (u < below) return a;
  }
  return probabilities.length - 1;
}
