/** Σ c[i] xⁱ by Horner's rule. */
function polynomial(coefficients: readonly number[], x: number): number {
  let sum = 0;
  for (let i = coefficients.length - 1; i >= 0; i--) sum = sum * x + coefficients[i];
  return sum;
}

// Coefficients of Wichura (1988), algorithm AS 241, PPND16, constant term first.
const CENTRE_NUMERATOR = [
  3.387132872796366608, 133.14166789178437745, 1971.5909503065514427, 13731.693765509461125,
  45921.953931549871457, 67265.770927008700853, 33430.575583588128105, 2509.0809287301226727,
];
const CENTRE_DENOMINATOR = [
  1, 42.313330701600911252, 687.1870074920579083, 5394.1960214247511077, 21213.794301586595867,
  39307.89580009271061, 28729.085735721942674, 5226.495278852545925,
];
const MIDDLE_NUMERATOR = [
  1.42343711074968357734, 4.6303378461565452959, 5.7694972214606914055, 3.64784832476320460504,
  1.27045825245236838258, 0.24178072517745061177, 0.0227238449892691845833, 7.7454501427834140764e-4,
];
const MIDDLE_DENOMINATOR = [
  1, 2.05319162663775882187, 1.6763848301838038494, 0.68976733498510000455, 0.14810397642748007459,
  0.0151986665636164571966, 5.475938084995344946e-4, 1.05075007164441684324e-9,
];
const TAIL_NUMERATOR = [
  6.6579046435011037772, 5.4637849111641143699, 1.7848265399172913358, 0.29656057182850489123,
  0.026532189526576123093, 0.0012426609473880784386, 2.71155556874348757815e-5, 2.01033439929228813265e-7,
];
const TAIL_DENOMINATOR = [
  1, 0.59983220655588793769, 0.13692988092273580531, 0.0148753612908506148525, 7.868691311456132591e-4,
  1.8463183175100546818e-5, 1.4215117583164458887e-7, 2.04426310338993978564e-15,
];

/**
 * Φ⁻¹(p), the standard normal quantile, to about 1e-16 relative (Wichura, 1988, AS 241).
 *
 * @param p in [0, 1]; 0 gives −∞ and 1 gives +∞, anything else outside gives NaN
 */
export function normalQuantile(p: number): number {
  if (!(p >= 0 && p <= 1)) return NaN;
  const q = p - 0.5;
  if (Math.abs(q) <= 0.425) {
    const r = 0.180625 - q * q;
    return (q * polynomial(CENTRE_NUMERATOR, r)) / polynomial(CENTRE_DENOMINATOR, r);
  }
  const tail = Math.min(p, 1 - p);
  if (tail === 0) return q < 0 ? -Infinity : Infinity;
  const r = Math.sqrt(-Math.log(tail));
  const magnitude =
    r <= 5
      ? polynomial(MIDDLE_NUMERATOR, r - 1.6) / polynomial(MIDDLE_DENOMINATOR, r - 1.6)
      : polynomial(TAIL_NUMERATOR, r - 5) / polynomial(TAIL_DENOMINATOR, r - 5);
  return q < 0 ? -magnitude : magnitude;
}

// Rational approximations of Cody (1969), "Rational Chebyshev approximations for the error function", in the
// arrangement for Φ, constant term first.
const NEAR_NUMERATOR = [
  18154.981253343561249, 1067.6894854603709582, 161.02823106855587881, 2.2352520354606839287,
  0.065682337918207449113,
];
const NEAR_DENOMINATOR = [
  45507.789335026729956, 10260.932208618978205, 976.09855173777669322, 47.20258190468824187, 1,
];
const MID_NUMERATOR = [
  9842.7148383839780218, 11602.651437647350124, 6848.1904505362823326, 2494.5375852903726711,
  597.27027639480026226, 93.506656132177855979, 8.8831497943883759412, 0.39894151208813466764,
  1.0765576773720192317e-8,
];
const MID_DENOMINATOR = [
  19685.429676859990727, 38912.003286093271411, 34900.952721145977266, 18615.571640885098091,
  6485.558298266760755, 1519.377599407554805, 235.38790178262499861, 22.266688044328115691, 1,
];
const SQRT_32 = Math.sqrt(32);
const INVERSE_SQRT_TWO_PI = 1 / Math.sqrt(2 * Math.PI);

/** Φ(x) = P(Z ≤ x) for standard normal Z, to 1e-14 relative down to x = −8 and 2e-13 at −37. */
export function normalCdf(x: number): number {
  if (Number.isNaN(x)) return NaN;
  const y = Math.abs(x);
  if (y <= 0.67448975) {
    const square = x * x;
    return 0.5 + (x * polynomial(NEAR_NUMERATOR, square)) / polynomial(NEAR_DENOMINATOR, square);
  }
  const upperTail = upperTailOf(y);
  return x > 0 ? 1 - upperTail : upperTail;
}

/** P(Z > y) for y > 0.67. The exponent is split at a multiple of 1/16 so that y² loses no digits. */
function upperTailOf(y: number): number {
  if (y > 40) return 0;
  const coarse = Math.trunc(y * 16) / 16;
  const gaussian = Math.exp(-coarse * coarse * 0.5) * Math.exp(-(y - coarse) * (y + coarse) * 0.5);
  if (y <= SQRT_32) return (gaussian * polynomial(MID_NUMERATOR, y)) / polynomial(MID_DENOMINATOR, y);
  return (gaussian * INVERSE_SQRT_TWO_PI) / (y + continuedFraction(y));
}

/** 1/(y + 2/(y + 3/(y + …))), the tail of Laplace's continued fraction; 40 terms are exact in float64 from y = 5.6 on. */
function continuedFraction(y: number): number {
  let fraction = 0;
  for (let k = 40; k >= 1; k--) fraction = k / (y + fraction);
  return fraction;
}
