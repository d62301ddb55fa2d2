import { invariant } from '../check.ts';

/**
 * p_a = exp(z_a − max z) / Σ_b exp(z_b − max z), in float64: the shift changes nothing but prevents overflow.
 * Refuses logits that are NaN or +∞, so that a broken network is never served as a distribution; `out` may be `logits`.
 */
export function softmax(logits: Float64Array, out: Float64Array): void {
  let max = -Infinity;
  for (let a = 0; a < logits.length; a++) if (logits[a] > max) max = logits[a];
  let sum = 0;
  for (let a = 0; a < logits.length; a++) {
    const e = Math.exp(logits[a] - max);
    out[a] = e;
    sum += e;
  }
  invariant(sum > 0 && Number.isFinite(sum), 'the policy network gave logits that are no numbers');
  for (let a = 0; a < logits.length; a++) out[a] /= sum;
}
