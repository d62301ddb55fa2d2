import { createRandom } from '../../../src/core/math/random.ts';
import type { BanditLog } from '../../../src/core/ope/bandit-log.ts';
import type { DistributionPolicy } from '../../../src/core/ope/self-test/self-test-types.ts';

/** Two actions; π takes action 1 where x > 1/2, μ mostly does not; outcomes are skewed and shared within a unit. */
export function contextualLog(units: number, seed: number): { log: BanditLog; policy: DistributionPolicy } {
  const random = createRandom(seed);
  const rounds = 2 * units;
  const x = Float64Array.from({ length: rounds }, () => random.uniform());
  const two = (ofOne: (x: number) => number): Float64Array =>
    Float64Array.from({ length: 2 * rounds }, (_, j) => {
      const p = ofOne(x[j >> 1]);
      return j % 2 === 1 ? p : 1 - p;
    });
  const behavior = two((v) => (v > 0.5 ? 0.25 : 0.75));
  const evaluation = two((v) => (v > 0.5 ? 0.9 : 0.1));
  const actions = Int32Array.from(x, (_, i) => (random.uniform() < behavior[2 * i + 1] ? 1 : 0));
  const tempers = Float64Array.from({ length: units }, () => random.exponential());
  const watch = Float64Array.from(actions, (a, i) => 2 + a * x[i] + tempers[i >> 1] * random.exponential());
  return {
    policy: { kind: 'distribution', actionCount: 2, probabilities: evaluation },
    log: {
      rounds,
      actions,
      propensities: Float64Array.from(actions, (a, i) => behavior[2 * i + a]),
      responses: new Map([
        ['watch', watch],
        ['like', watch.map((w) => Number(w > 3.5))],
      ]),
      units: Int32Array.from({ length: rounds }, (_, i) => i >> 1),
      unitCount: units,
      behaviorProbabilities: behavior,
    },
  };
}
