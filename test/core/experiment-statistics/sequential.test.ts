import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { confidenceSequenceReach } from '../../../src/core/experiment/confidence-sequence.ts';
import { createRandom } from '../../../src/core/math/random.ts';
import {
  alwaysValidPValue,
  mixtureLogRatio,
  mixtureReach,
  mixtureVarianceAt,
  sequenceRatio,
} from '../../../src/core/experiment/statistics/normal-mixture.ts';
import { splitErrorBudget } from '../../../src/core/experiment/statistics/error-budget.ts';
import { testInterval } from '../../../src/core/experiment/statistics/test-interval.ts';
import { marginBar, stateOf } from '../../../src/core/experiment/statistics/verdict.ts';
import { sharedFolder } from '../../support/shared.ts';

const golden = sharedFolder('golden/confseq');

describe('normal mixtures', () => {
  it('give the closed forms that the papers print', () => {
    for (const [n, tunedAt, alpha] of [
      [50, 1000, 0.05],
      [1000, 1000, 0.05],
      [1e6, 1000, 0.01],
    ]) {
      // Waudby-Smith et al. 2021, theorem 2.2, in their ρ².
      const rho2 = (-2 * Math.log(alpha) + Math.log(1 - 2 * Math.log(alpha))) / tunedAt;
      const x = n * rho2;
      const printed = Math.sqrt(((2 * (x + 1)) / x) * Math.log(Math.sqrt(x + 1) / alpha));
      expect(confidenceSequenceReach(n, alpha, tunedAt)).toBeCloseTo(printed, 10);
    }
    // Johari, Pekelis & Walsh: Λ of n normal observations of variance σ² with mean x̄ and mixture N(0, τ²).
    const [n, mean, sigma2, tau2] = [40, 0.4, 2, 0.1];
    const johari =
      Math.sqrt(sigma2 / (sigma2 + n * tau2)) *
      Math.exp((n * n * tau2 * mean * mean) / (2 * sigma2 * (sigma2 + n * tau2)));
    const [se, r] = [Math.sqrt(sigma2 / n), sigma2 / n / tau2];
    expect(mixtureLogRatio(mean / se, r)).toBeCloseTo(Math.log(johari), 12);
  });

  it('have an interval that ends where the ratio reaches 1/α, for both sequential tests', () => {
    for (const r of [0.001, 0.1, 1, 50]) {
      expect(mixtureLogRatio(mixtureReach(r, 0.05), r)).toBeCloseTo(Math.log(20), 10);
    }
  });

  it('make mSPRT and the sequence one test where the mixture is tuned at the same units', () => {
    const [variance, units] = [7, 500];
    const tau2 = mixtureVarianceAt(variance, 2000, 0.05);
    expect(variance / units / tau2).toBeCloseTo(sequenceRatio(units, 2000, 0.05), 12);
  });

  it('have mean one under no effect', () => {
    for (const r of [0.05, 1, 20]) {
      let mean = 0;
      for (let z = -60; z <= 60; z += 0.01) mean += 0.01 * Math.exp(mixtureLogRatio(z, r) - (z * z) / 2);
      expect(mean / Math.sqrt(2 * Math.PI)).toBeCloseTo(1, 8);
    }
  });

  it('have a p-value that never rises and is small at most as often as it says', () => {
    const random = createRandom(31);
    let wrong = 0;
    const runs = 2000;
    for (let run = 0; run < runs; run++) {
      let [sum, smallest] = [0, 1];
      for (let n = 1; n <= 40; n++) {
        sum += random.normal();
        const p = alwaysValidPValue(mixtureLogRatio(sum / Math.sqrt(n), 10 / n));
        expect(p).toBeLessThanOrEqual(1);
        smallest = Math.min(smallest, p);
      }
      if (smallest <= 0.1) wrong++;
    }
    expect(wrong / runs).toBeLessThan(0.1);
  });

  it.skipIf(golden === null)('agree with confseq’s two-sided normal mixture (needs ../shared/golden)', () => {
    const { boundaries } = JSON.parse(readFileSync(`${golden}/golden.json`, 'utf8')) as {
      boundaries: Record<string, readonly number[]>;
    };
    for (const [name, alpha, optimum] of [
      ['normal_mixture_bound[alpha=0.05,v_opt=10,two_sided]', 0.05, 10],
      ['normal_mixture_bound[alpha=0.01,v_opt=100,alpha_opt=0.01,two_sided]', 0.01, 100],
    ] as const)
      boundaries['v'].forEach((v, i) => {
        const reach = mixtureReach(sequenceRatio(v, optimum, alpha), alpha);
        expect((reach * Math.sqrt(v)) / boundaries[name][i]).toBeCloseTo(1, 9);
      });
  });
});

describe('a tested estimate', () => {
  const estimate = { value: 1, standardError: 0.4, units: 400, degrees: 20 };

  it('has at the fixed horizon the t interval that tables give', () => {
    const { reach, pValue } = testInterval(estimate, { kind: 'fixed' }, 0.05);
    expect(reach).toBeCloseTo(2.085963, 6);
    expect(pValue).toBeCloseTo(0.0212, 3);
  });

  it('has an interval that excludes 0 exactly when its p-value is below α', () => {
    for (const method of [
      { kind: 'fixed' } as const,
      { kind: 'confidence-sequence', tunedAt: 400 } as const,
      { kind: 'msprt', mixtureVariance: 0.2 } as const,
    ])
      for (let value = 0; value < 3; value += 0.05) {
        const { lower, pValue } = testInterval({ ...estimate, value }, method, 0.05);
        expect(lower > 0).toBe(pValue < 0.05);
      }
  });
});

describe('states, budgets and windows', () => {
  it('prove a guardrail kept or broken only beyond its margin, in its direction', () => {
    expect(stateOf({ lower: -0.5, upper: 2 }, marginBar('higher', 1))).toBe('pass');
    expect(stateOf({ lower: -3, upper: -1.5 }, marginBar('higher', 1))).toBe('fail');
    expect(stateOf({ lower: -3, upper: -0.5 }, marginBar('higher', 1))).toBe('inconclusive');
    expect(stateOf({ lower: -2, upper: 0.5 }, marginBar('lower', 1))).toBe('pass');
    expect(stateOf({ lower: 1.5, upper: 3 }, marginBar('lower', 1))).toBe('fail');
  });

  it('split an error over guardrails so that it adds up to α', () => {
    const parts = splitErrorBudget(0.05, [{ name: 'a' }, { name: 'b', weight: 3 }]);
    expect(parts.get('b')).toBeCloseTo(0.0375, 12);
    expect([...parts.values()].reduce((a, b) => a + b, 0)).toBeCloseTo(0.05, 12);
  });
});
