import { describe, expect, it } from 'vitest';
import {
  crossFit,
  rewardModelDefaults,
  type RewardModelInput,
} from '../../../offline/evaluation/reward-model.ts';
import { createRandom } from '../../../src/core/math/random.ts';

/** r = 1 + 2x for action 0 and 5 − 3x for action 1, noiseless; two rows per unit. */
function world(change: (rewards: Float64Array) => void = () => undefined): RewardModelInput {
  const random = createRandom(5);
  const rows = 400;
  const states = Float32Array.from({ length: rows }, () => random.normal());
  const actions = Int32Array.from({ length: rows }, () => random.integer(2));
  const rewards = Float64Array.from(states, (x, i) => (actions[i] === 0 ? 1 + 2 * x : 5 - 3 * x));
  change(rewards);
  const unitIds = Array.from({ length: rows }, (_, i) => `u${String(Math.floor(i / 2))}`);
  return { rows, width: 1, states, actionCount: 2, actions, rewards, unitIds };
}

describe('the cross-fitted reward model', () => {
  it('finds a linear world, for the action that was not taken too', () => {
    const input = world();
    const predictions = crossFit(input, { ...rewardModelDefaults, ridge: 1e-9 });
    input.states.forEach((x, i) => {
      expect(predictions[2 * i]).toBeCloseTo(1 + 2 * x, 5);
      expect(predictions[2 * i + 1]).toBeCloseTo(5 - 3 * x, 5);
    });
  });

  it("never uses a unit's own rewards: changing them leaves its predictions alone", () => {
    const before = crossFit(world());
    const after = crossFit(world((rewards) => rewards.fill(1e6, 10, 12)));
    for (let i = 20; i < 24; i++) expect(after[i]).toBe(before[i]);
    expect(after.some((value, i) => value !== before[i])).toBe(true);
  });

  it('falls back to the mean of the other folds where an action is rare', () => {
    const input = world();
    const predictions = crossFit(input, { ...rewardModelDefaults, minRows: 10_000 });
    const mean = input.rewards.reduce((a, b) => a + b) / input.rows;
    expect(Math.abs(predictions[0] - mean)).toBeLessThan(0.5);
    expect(predictions[0]).toBe(predictions[1]);
  });
});
