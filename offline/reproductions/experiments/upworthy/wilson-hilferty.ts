import { normalCdf } from '../../../../src/core/math/normal.ts';

/**
 * P(χ²_k ≥ x) by the cube root, which is nearly normal: 1 − Φ((∛(x/k) − (1 − 2/(9k))) / √(2/(9k))). What one writes without a library
 * for the incomplete gamma function; at 0.001 some ten per cent too large. Source: Wilson & Hilferty 1931.
 */
export function wilsonHilferty(statistic: number, degrees: number): number {
  const spread = 2 / (9 * degrees);
  return normalCdf((1 - spread - Math.cbrt(statistic / degrees)) / Math.sqrt(spread));
}
