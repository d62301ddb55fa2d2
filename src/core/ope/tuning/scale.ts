import type { ValuationInput } from '../valuation.ts';

/**
 * The same input with one response r (and its models) as (r − min)/(max − min), so in [0, 1]: the constants of the tuning
 * methods suppose that. A response that never varies becomes 0 everywhere.
 */
export function scaledToUnit(input: ValuationInput, response: string): ValuationInput {
  const responses = input.log.responses.get(response) ?? new Float64Array(0);
  let min = Infinity;
  let max = -Infinity;
  for (const r of responses) {
    if (r < min) min = r;
    if (r > max) max = r;
  }
  const range = max > min ? max - min : 1;
  const scaled = (values: Float64Array): Float64Array => values.map((value) => (value - min) / range);
  const only = (models: ReadonlyMap<string, Float64Array> | undefined) => {
    const model = models?.get(response);
    return new Map(model === undefined ? [] : [[response, scaled(model)] as const]);
  };
  return {
    ...input,
    log: { ...input.log, responses: new Map([[response, scaled(responses)]]) },
    rewardModels: only(input.rewardModels),
    mrdrModels: only(input.mrdrModels),
  };
}
