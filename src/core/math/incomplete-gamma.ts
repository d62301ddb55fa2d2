import { logGamma } from './gamma.ts';

const TOLERANCE = 1e-16;
const TINY = 1e-300;

/** Q(a, x) = Γ(a, x) / Γ(a), the upper regularised incomplete gamma, for a > 0 and x ≥ 0. */
export function upperRegularisedGamma(a: number, x: number): number {
  if (!(a > 0) || !(x >= 0)) return Number.NaN;
  if (x === 0) return 1;
  if (x === Number.POSITIVE_INFINITY) return 0;
  const scale = Math.exp(logScaleOf(a, x));
  // Each expansion converges fast on its own side of the mean.
  return x < a + 1 ? 1 - scale * lowerSeries(a, x) : scale * upperFraction(a, x);
}

/**
 * ln P(a, x), P(a, x) = γ(a, x) / Γ(a) the lower regularised incomplete gamma, for a > 0 and x ≥ 0. In logarithms because
 * the mixtures of confidence sequences need it where P itself is far below the smallest float.
 */
export function logLowerGamma(a: number, x: number): number {
  if (!(a > 0 && x >= 0)) return Number.NaN;
  if (x === 0) return Number.NEGATIVE_INFINITY;
  const logScale = logScaleOf(a, x);
  return x < a + 1
    ? logScale + Math.log(lowerSeries(a, x))
    : Math.log1p(-Math.exp(logScale) * upperFraction(a, x));
}

/** ln(xᵃ e⁻ˣ / Γ(a)), which both expansions are multiplied with. */
const logScaleOf = (a: number, x: number): number => a * Math.log(x) - x - logGamma(a);

/** Terms that are needed grow with √a, so it holds for the millions of observations that a sequence may see. */
const maxTerms = (a: number, x: number): number => 200 + 40 * Math.ceil(Math.sqrt(Math.max(a, x)));

/** Σₙ xⁿ / (a (a+1) … (a+n)). */
function lowerSeries(a: number, x: number): number {
  const most = maxTerms(a, x);
  let term = 1 / a;
  let sum = term;
  for (let n = 1; n < most && term > TOLERANCE * sum; n++) {
    term *= x / (a + n);
    sum += term;
  }
  return sum;
}

/** The continued fraction of Γ(a, x) xᵃ⁻¹ eˣ (Legendre), by modified Lentz. */
function upperFraction(a: number, x: number): number {
  const most = maxTerms(a, x);
  let b = x + 1 - a;
  let c = 1 / TINY;
  let d = 1 / b;
  let h = d;
  for (let i = 1; i < most; i++) {
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
