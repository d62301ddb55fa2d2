import { invariant } from '../../../src/core/check.ts';
import { minimise } from './lbfgs.ts';

export interface MultinomialInput {
  readonly rows: number;
  readonly width: number;
  /** rows × width, without a column of ones. */
  readonly x: Float64Array;
  readonly classes: number;
  readonly labels: Int32Array;
  /** wᵢ ≥ 0. */
  readonly weights: Float64Array;
  /** C > 0: the penalty is |W|²/(2C). */
  readonly inverseRegularisation: number;
}

/** classes × (width + 1) coefficients, the intercept last in each class. */
export type MultinomialModel = Float64Array;

/**
 * Weighted multinomial logistic regression, p(c∣x) ∝ exp(W_c·x + b_c), minimising
 *
 *   −Σᵢ wᵢ ln p(cᵢ∣xᵢ) + |W|²/(2C)    (intercepts b unpenalised)
 *
 * by L-BFGS, divided by Σ wᵢ so that the tolerance means the same whatever the weights.
 */
export function fitMultinomial(input: MultinomialInput): MultinomialModel {
  const { rows, width, classes, x, labels, weights, inverseRegularisation } = input;
  invariant(x.length === rows * width && labels.length === rows, 'rows of one width');
  const size = width + 1;
  let total = 0;
  for (const w of weights) total += w;
  const penalty = 1 / (inverseRegularisation * total);
  const scores = new Float64Array(classes);
  const objective = (model: Float64Array, gradient: Float64Array): number => {
    let loss = 0;
    for (let c = 0; c < classes; c++) {
      for (let j = 0; j < width; j++) {
        const w = model[c * size + j];
        gradient[c * size + j] = penalty * w;
        loss += 0.5 * penalty * w * w;
      }
    }
    for (let i = 0; i < rows; i++) {
      const weight = weights[i] / total;
      if (weight === 0) continue;
      softmax(model, x, i, width, scores);
      loss -= weight * Math.log(scores[labels[i]]);
      for (let c = 0; c < classes; c++) {
        const g = weight * (scores[c] - (c === labels[i] ? 1 : 0));
        const at = c * size;
        for (let j = 0; j < width; j++) gradient[at + j] += g * x[i * width + j];
        gradient[at + width] += g;
      }
    }
    return loss;
  };
  return minimise(objective, new Float64Array(classes * size), { tolerance: 1e-5 });
}

/** p(·∣x) of row i into `out`. */
export function softmax(
  model: MultinomialModel,
  x: Float64Array,
  i: number,
  width: number,
  out: Float64Array,
): void {
  const size = width + 1;
  let highest = -Infinity;
  for (let c = 0; c < out.length; c++) {
    let score = model[c * size + width];
    for (let j = 0; j < width; j++) score += model[c * size + j] * x[i * width + j];
    out[c] = score;
    if (score > highest) highest = score;
  }
  let sum = 0;
  for (let c = 0; c < out.length; c++) sum += out[c] = Math.exp(out[c] - highest);
  for (let c = 0; c < out.length; c++) out[c] /= sum;
}
