import { invariant } from '../../check.ts';

/** Responses with their importance weights, row by row. */
export interface WeightedSample {
  readonly responses: Float64Array;
  /** wᵢ ≥ 0, after the clip where there is one. */
  readonly weights: Float64Array;
  readonly units: Int32Array;
  readonly unitCount: number;
}

/** The same rows in ascending order of the response, so that every statistic is one walk. */
export function sortedByResponse(sample: WeightedSample): WeightedSample {
  const { responses, weights, units, unitCount } = sample;
  invariant(weights.length === responses.length && units.length === responses.length, 'rows of one length');
  invariant(
    weights.every((w) => w >= 0 && Number.isFinite(w)) && responses.every(Number.isFinite),
    'weights ≥ 0 and finite responses',
  );
  const order = Uint32Array.from(responses, (_, i) => i).sort((i, j) => responses[i] - responses[j]);
  return {
    responses: Float64Array.from(order, (i) => responses[i]),
    weights: Float64Array.from(order, (i) => weights[i]),
    units: Int32Array.from(order, (i) => units[i]),
    unitCount,
  };
}
