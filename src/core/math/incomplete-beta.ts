import { findRoot } from './find-root.ts';
import { logGamma } from './gamma.ts';

const TOLERANCE = 1e-16;
const TINY = 1e-300;

/** ln B(a, b) for a, b > 0. */
export const logBeta = (a: number, b: number): number => logGamma(a) + logGamma(b) - logGamma(a + b);

/**
 * I_x(a, b), the regularised incomplete beta function, for a, b > 0 and x in [0, 1]; relative error about 1e-13 for
 * a + b up to 10⁴ (it grows with the size of the log-gammas that cancel).
 *
 * Continued fraction of DiDonato and Morris 1992 (modified Lentz), used on the side of the mean where it is fast.
 */
export function regularisedBeta(x: number, a: number, b: number): number {
  if (!(a > 0 && b > 0 && x >= 0 && x <= 1)) return Number.NaN;
  if (x === 0 || x === 1) return x;
  const scale = Math.exp(a * Math.log(x) + b * Math.log1p(-x) - logBeta(a, b));
  return x < (a + 1) / (a + b + 2)
    ? (scale * betaFraction(x, a, b)) / a
    : 1 - (scale * betaFraction(1 - x, b, a)) / b;
}

function betaFraction(x: number, a: number, b: number): number {
  // Terms needed grow with the square root of the larger argument.
  const maxTerms = 1_000 + 20 * Math.ceil(Math.sqrt(Math.max(a, b)));
  let c = 1;
  let d = 1 / nonZero(1 - ((a + b) * x) / (a + 1));
  let h = d;
  for (let m = 1; m < maxTerms; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / nonZero(1 + even * d);
    c = nonZero(1 + even / c);
    h *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / nonZero(1 + odd * d);
    c = nonZero(1 + odd / c);
    const step = d * c;
    h *= step;
    if (Math.abs(step - 1) < TOLERANCE) break;
  }
  return h;
}

const nonZero = (value: number): number => (Math.abs(value) < TINY ? TINY : value);

/** The x with I_x(a, b) = p: the p-quantile of a Beta(a, b) variable; 0 at p = 0 and 1 at p = 1. */
export function betaQuantile(p: number, a: number, b: number): number {
  if (!(a > 0 && b > 0 && p >= 0 && p <= 1)) return Number.NaN;
  if (p === 0 || p === 1) return p;
  // Near 0 the quantile can be far below the last bit of 1: its logarithm is what is found.
  if (regularisedBeta(1e-3, a, b) > p) {
    const logX = findRoot((t) => regularisedBeta(Math.exp(t), a, b) - p, -745, Math.log(1e-3));
    return Math.exp(logX);
  }
  return findRoot((x) => regularisedBeta(x, a, b) - p, 0, 1);
}
