import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/math/random.ts';
import { createPacing, type Pacing } from '../../../src/core/pacing/pi-controller.ts';

const spec = { targetShare: 0.3, proportionalGain: 0.2, integralGain: 0.02 };

/** Serves n decisions whose unpaced allocation is `q`; returns the mean allocation of the last half. */
function run(pacing: Pacing, n: number, q: () => number): number {
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const p = pacing.factor() * q();
    pacing.observe(p);
    if (i >= n / 2) sum += p;
  }
  return sum / (n / 2);
}

describe('the pacing controller', () => {
  it('starts unpaced and stays so while the share is below the target', () => {
    const pacing = createPacing(spec);
    expect(pacing.factor()).toBe(1);
    run(pacing, 500, () => 0.2);
    expect(pacing.factor()).toBe(1);
  });

  it('settles on the target, near the factor that brings the mean allocation there', () => {
    const random = createRandom(1);
    const draws = Float64Array.from({ length: 4000 }, () => random.uniform());
    const pacing = createPacing(spec);
    let i = 0;
    const share = run(pacing, draws.length, () => draws[i++]);
    expect(Math.abs(share - 0.3)).toBeLessThan(0.01);
    // The draws' mean is 0.5.
    expect(Math.abs(pacing.state.integral - 0.3 / 0.5)).toBeLessThan(0.1);
  });

  it('keeps its factor in [0, 1], whatever it sees', () => {
    const random = createRandom(2);
    const wild = createPacing({ targetShare: 0.5, proportionalGain: 50, integralGain: 10 });
    for (let i = 0; i < 1000; i++) {
      wild.observe(random.uniform() < 0.5 ? 0 : 1);
      expect(wild.factor()).toBeGreaterThanOrEqual(0);
      expect(wild.factor()).toBeLessThanOrEqual(1);
    }
  });

  it('does not wind up: after any time below the target it brakes as fast as a fresh one', () => {
    const rested = createPacing(spec);
    run(rested, 10_000, () => 0.01);
    const fresh = createPacing(spec);
    fresh.observe(0.01);
    for (const pacing of [rested, fresh]) run(pacing, 200, () => 0.9);
    expect(Math.abs(rested.factor() - fresh.factor())).toBeLessThan(0.01);
  });

  it('opens again when demand falls', () => {
    const pacing = createPacing(spec);
    run(pacing, 1000, () => 0.9);
    expect(pacing.factor()).toBeLessThan(0.5);
    run(pacing, 2000, () => 0.2);
    expect(pacing.factor()).toBe(1);
  });

  it('ignores an observation that is no probability', () => {
    const pacing = createPacing(spec);
    for (const bad of [NaN, -1, 2]) pacing.observe(bad);
    expect(pacing.state).toMatchObject({ observations: 0, factor: 1, smoothedShare: null });
  });
});
