import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/math/random.ts';
import { mixtureReach, sequenceRatio } from '../../../src/core/experiment/statistics/normal-mixture.ts';
import {
  detectableEffects,
  durationDays,
  fixedPowerFor,
  planExperiment,
  sequentialLawFor,
  type PlanQuestion,
} from '../../../src/core/experiment/statistics/plan.ts';
import { stoppingLaw } from '../../../src/core/experiment/statistics/sequential-power.ts';

const question: PlanQuestion = { variance: 4, treatmentShare: 0.5, alpha: 0.05, power: 0.8, looks: 20 };

describe('the planner', () => {
  it('has for one fixed look the sample size of the textbooks', () => {
    // (1.96 + 0.8416)² · 2 · 4 / 0.2² = 1569.8 per arm.
    expect(planExperiment(0.2, question).fixed.units).toBe(3140);
    expect(fixedPowerFor(0.2, 3140, question)).toBeCloseTo(0.8, 3);
    expect(detectableEffects(3140, question).fixed).toBeCloseTo(0.2, 3);
  });

  it('needs more units at most, but fewer on average, for a sequence of looks', () => {
    const { fixed, sequential } = planExperiment(0.2, question);
    expect(sequential.units).toBeGreaterThan(fixed.units);
    expect(sequential.expectedUnits).toBeLessThan(sequential.units);
    expect(detectableEffects(sequential.units, question).sequential).toBeCloseTo(0.2, 3);
  });

  it('needs a quarter of the units for twice the effect, and more for an uneven split', () => {
    const units = (effect: number, more = {}) =>
      planExperiment(effect, { ...question, ...more }).sequential.units;
    expect(units(0.2) / units(0.4)).toBeCloseTo(4, 2);
    expect(units(0.2, { treatmentShare: 0.1 }) / units(0.2)).toBeCloseTo(0.25 / 0.09, 2);
    expect(durationDays(10_000, { unitsPerDay: 5000, share: 0.5, windowDays: 3 })).toBe(7);
  });

  it('is confirmed by simulation, in its power and its stopping time', () => {
    const units = 2000;
    const effect = detectableEffects(units, question).sequential;
    const law = sequentialLawFor(effect, units, question);
    expect(law.power).toBeCloseTo(0.8, 2);
    const random = createRandom(8);
    const drift = effect / Math.sqrt(16 / units);
    let [found, share] = [0, 0];
    const runs = 4000;
    for (let run = 0; run < runs; run++) {
      let [sum, stop] = [0, 0];
      for (let k = 1; k <= 20 && stop === 0; k++) {
        sum += drift / 20 + random.normal() / Math.sqrt(20);
        const v = k / 20;
        if (Math.abs(sum) >= mixtureReach(sequenceRatio(v, 1, 0.05), 0.05) * Math.sqrt(v)) stop = v;
      }
      if (stop > 0 && sum > 0) found++;
      share += (stop === 0 ? 1 : stop) / runs;
    }
    expect(Math.abs(found / runs - law.power)).toBeLessThan(4 * Math.sqrt(0.16 / runs));
    expect(Math.abs(share - law.expectedShare)).toBeLessThan(0.02);
  });

  it('keeps α without an effect, whatever the number of looks, and one look is a plain test', () => {
    const reachAt = (share: number) => mixtureReach(sequenceRatio(share, 1, 0.05), 0.05);
    const looks = Array.from({ length: 60 }, (_, k) => (k + 1) / 60);
    const law = stoppingLaw({ drift: 0, looks, reachAt });
    expect(law.power + law.wrongSign).toBeLessThan(0.05);
    expect(law.power).toBeCloseTo(law.wrongSign, 8);
    const one = stoppingLaw({ drift: 2.8, looks: [1], reachAt: () => 1.96 });
    expect(one.power).toBeCloseTo(0.79955, 3);
    // Pocock's published boundary: five looks at 2.413 spend 5 %.
    const pocock = stoppingLaw({ drift: 0, looks: [0.2, 0.4, 0.6, 0.8, 1], reachAt: () => 2.413 });
    expect(pocock.power + pocock.wrongSign).toBeCloseTo(0.05, 3);
  });
});
