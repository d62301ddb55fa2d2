import { logGamma } from './gamma.ts';

const TOLERANCE = 1e-16;
const TINY = 1e-300;

/**
 * ln P(a, x), P(a, x) = γ(a, x) / Γ(a) the lower regularised incomplete gamma, for a > 0 and x > 0. In logarithms because
 * the mixtures of confidence sequences need it where P itself is far below the smallest float; the number of terms
 * grows with √a, so it holds for the millions of observations that a sequence may see.
 */
export function logLowerGamma(a: number, x: number): number {
  if (!(a > 0 && x >= 0)) return Number.NaN;
  if (x === 0) return Number.NEGATIVE_INFINITY;
  const logScale = a * Math.log(x) - x - logGamma(a);
  const maxTerms = 200 + 40 * Math.ceil(Math.sqrt(Math.max(a, x)));
  return x < a + 1
    ? logScale + Math.log(lowerSeries(a, x, maxTerms))
    : Math.log1p(-Math.exp(logScale) * upperFraction(a, x, maxTerms));
}

/** Σₙ xⁿ / (a (a+1) … (a+n)). */
function lowerSeries(a: number, x: number, maxTerms: number): number {
  let term = 1 / a;
  let sum = term;
  for (let n = 1; n < maxTerms && term > TOLERANCE * sum; n++) {
    term *= x / (a + n);
    sum += term;
  }
  return sum;
}

/** The continued fraction of Γ(a, x) xᵃ⁻¹ eˣ (Legendre), by modified Lentz. */
function upperFraction(a: number, x: number, maxTerms: number): number {
  let b = x + 1 - a;
  let c = 1 / TINY;
  let d = 1 / b;
  let h = d;
  for (let i = 1; i < maxTerms; i++) {
    const an = -i * (i - a);
    b += 2;
    d = 1 / nonZero(an * d + b);
    c = nonZero(b + an / c);
    const step = d * c;
    h *= step;
    if (Math.abs(step - 1) < TOLERANCE) break;
  }
  return h;
}

const nonZero = (value: number): number => (Math.abs(value) < TINY ? TINY : value);
