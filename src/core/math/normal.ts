/** Σ c[i] xⁱ by Horner's rule. */
function polynomial(coefficients: readonly number[], x: number): number {
  let sum = 0;
  for (let i = coefficients.length - 1; i >= 0; i--) sum = sum * x + coefficients[i];
  return sum;
}

// Coefficients of Wichura (1988), algorithm AS 241, PPND16, constant term first.
const CENTRE_NUMERATOR = [
  3.3871328727963665, 133.14166789178438, 1971.5909503065513, 13731.69376550946, 45921.95393154987,
  67265.7709270087, 33430.57558358813, 2509.0809287301227,
];
const CENTRE_DENOMINATOR = [
  1, 42.31333070160091, 687.1870074920579, 5394.196021424751, 21213.794301586597, 39307.89580009271,
  28729.085735721943, 5226.495278852546,
];
const MIDDLE_NUMERATOR = [
  1.4234371107496835, 4.630337846156546, 5.769497221460691, 3.6478483247632045, 1.2704582524523684,
  0.2417807251774506, 0.022723844989269184, 0.0007745450142783414,
];
const MIDDLE_DENOMINATOR = [
  1, 2.053191626637759, 1.6763848301838038, 0.6897673349851, 0.14810397642748008, 0.015198666563616457,
  0.0005475938084995345, 1.0507500716444169e-9,
];
const TAIL_NUMERATOR = [
  6.657904643501103, 5.463784911164114, 1.7848265399172913, 0.29656057182850487, 0.026532189526576124,
  0.0012426609473880784, 0.000027115555687434876, 2.0103343992922881e-7,
];
const TAIL_DENOMINATOR = [
  1, 0.599832206555888, 0.1369298809227358, 0.014875361290850615, 0.0007868691311456133,
  0.000018463183175100548, 1.421511758316446e-7, 2.0442631033899397e-15,
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
  18154.98125334356, 1067.6894854603709, 161.02823106855587, 2.2352520354606837, 0.06568233791820745,
];
const NEAR_DENOMINATOR = [45507.78933502673, 10260.932208618979, 976.0985517377767, 47.202581904688245, 1];
const MID_NUMERATOR = [
  9842.714838383978, 11602.65143764735, 6848.190450536283, 2494.5375852903726, 597.2702763948002,
  93.50665613217785, 8.883149794388377, 0.39894151208813466, 1.0765576773720192e-8,
];
const MID_DENOMINATOR = [
  19685.429676859992, 38912.00328609327, 34900.95272114598, 18615.571640885097, 6485.558298266761,
  1519.3775994075547, 235.387901782625, 22.266688044328117, 1,
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
