import type { Random } from '../../src/core/math/random.ts';

/** Gamma(shape, 1) for shape ≥ 1 by the squeeze method of Marsaglia & Tsang (2000). */
function gamma(random: Random, shape: number): number {
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = random.normal();
    const v = (1 + c * x) ** 3;
    if (v <= 0) continue;
    const u = 1 - random.uniform();
    if (Math.log(u) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}

/** Beta(α, β) as X / (X + Y) with gamma variates; α and β ≥ 1. */
export function beta(random: Random, alpha: number, betaParameter: number): number {
  const x = gamma(random, alpha);
  return x / (x + gamma(random, betaParameter));
}
