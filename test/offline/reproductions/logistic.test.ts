import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/math/random.ts';
import { fitBinary, predictBinary } from '../../../offline/reproductions/logistic/binary-logistic.ts';
import { minimise } from '../../../offline/reproductions/logistic/lbfgs.ts';
import { fitMultinomial, softmax } from '../../../offline/reproductions/logistic/multinomial-logistic.ts';

describe('L-BFGS', () => {
  it('finds the minimum of an ill-conditioned quadratic', () => {
    const scales = [1, 10, 1000];
    const target = [3, -2, 0.5];
    const found = minimise((x, gradient) => {
      let value = 0;
      x.forEach((v, i) => {
        gradient[i] = scales[i] * (v - target[i]);
        value += 0.5 * scales[i] * (v - target[i]) ** 2;
      });
      return value;
    }, new Float64Array(3));
    found.forEach((v, i) => expect(v).toBeCloseTo(target[i], 6));
  });
});

describe('multinomial logistic regression', () => {
  it('without features returns the weighted shares of the classes', () => {
    const labels = Int32Array.of(0, 1, 2, 2);
    const weights = Float64Array.of(1, 3, 2, 4);
    const model = fitMultinomial({
      rows: 4,
      width: 0,
      x: new Float64Array(0),
      classes: 3,
      labels,
      weights,
      inverseRegularisation: 100,
    });
    const shares = new Float64Array(3);
    softmax(model, new Float64Array(0), 0, 0, shares);
    [0.1, 0.3, 0.6].forEach((share, c) => expect(shares[c]).toBeCloseTo(share, 4));
  });

  it('has no gradient left: Σ w (p − 1[c]) x + W/C is 0 for every class and feature', () => {
    const random = createRandom(5);
    const [rows, width, classes, C] = [300, 2, 3, 10];
    const x = Float64Array.from({ length: rows * width }, () => random.normal());
    const labels = Int32Array.from({ length: rows }, (_, i) =>
      x[i * width] > random.normal() ? 1 : random.integer(3),
    );
    const weights = Float64Array.from({ length: rows }, () => random.exponential());
    const model = fitMultinomial({ rows, width, x, classes, labels, weights, inverseRegularisation: C });
    const gradient = new Float64Array(classes * (width + 1));
    const p = new Float64Array(classes);
    for (let i = 0; i < rows; i++) {
      softmax(model, x, i, width, p);
      for (let c = 0; c < classes; c++) {
        const g = weights[i] * (p[c] - (labels[i] === c ? 1 : 0));
        for (let j = 0; j < width; j++) gradient[c * (width + 1) + j] += g * x[i * width + j];
        gradient[c * (width + 1) + width] += g;
      }
    }
    const total = weights.reduce((a, b) => a + b, 0);
    for (let c = 0; c < classes; c++) {
      for (let j = 0; j < width; j++) gradient[c * (width + 1) + j] += model[c * (width + 1) + j] / C;
    }
    expect(Math.max(...gradient.map(Math.abs)) / total).toBeLessThan(1e-4);
  });
});

describe('binary logistic regression', () => {
  it('recovers the coefficients that made the outcomes', () => {
    const random = createRandom(8);
    const [rows, width, actionCount] = [20_000, 2, 3];
    const theta = [0.8, -0.5];
    const beta = [-1, 0, 1];
    const x = Float64Array.from({ length: rows * width }, () => random.normal());
    const actions = Int32Array.from({ length: rows }, () => random.integer(actionCount));
    const chance = (i: number, a: number): number =>
      1 / (1 + Math.exp(-(theta[0] * x[i * width] + theta[1] * x[i * width + 1] + beta[a])));
    const outcomes = Float64Array.from({ length: rows }, (_, i) =>
      random.uniform() < chance(i, actions[i]) ? 1 : 0,
    );
    const model = fitBinary({
      rows: Int32Array.from({ length: rows }, (_, i) => i),
      width,
      x,
      actions,
      actionCount,
      outcomes,
      inverseRegularisation: 100,
    });
    for (let a = 0; a < actionCount; a++) {
      for (let i = 0; i < 20; i++) {
        expect(Math.abs(predictBinary(model, x, i, width, a) - chance(i, a))).toBeLessThan(0.04);
      }
    }
  });
});
