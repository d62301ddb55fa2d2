import { CompensatedSum } from '../../math/compensated-sum.ts';

/** All that Cressie–Read needs of n independent rows; two parts of a log add up. */
export interface CressieReadSums {
  readonly n: number;
  /** Σ w, Σ w², Σ r, Σ w r, Σ w² r, Σ w² r². */
  readonly w: number;
  readonly ww: number;
  readonly r: number;
  readonly wr: number;
  readonly wwr: number;
  readonly wwrr: number;
  readonly smallestWeight: number;
  readonly largestWeight: number;
  readonly smallestResponse: number;
  readonly largestResponse: number;
}

/**
 * The sums of a log whose rows are independent. With units of m rows each, every unit is one row: w = W_k / m and
 * r = Σ w r / Σ w, which keep the mean of w r and the mean of w.
 */
export function cressieReadSums(weights: Float64Array, responses: Float64Array): CressieReadSums {
  const [w, ww, r, wr, wwr, wwrr] = Array.from({ length: 6 }, () => new CompensatedSum());
  let [smallestWeight, largestWeight] = [Infinity, -Infinity];
  let [smallestResponse, largestResponse] = [Infinity, -Infinity];
  for (let i = 0; i < weights.length; i++) {
    const [wi, ri] = [weights[i], responses[i]];
    w.add(wi);
    ww.add(wi * wi);
    r.add(ri);
    wr.add(wi * ri);
    wwr.add(wi * wi * ri);
    wwrr.add(wi * wi * ri * ri);
    smallestWeight = Math.min(smallestWeight, wi);
    largestWeight = Math.max(largestWeight, wi);
    smallestResponse = Math.min(smallestResponse, ri);
    largestResponse = Math.max(largestResponse, ri);
  }
  return {
    n: weights.length,
    w: w.value,
    ww: ww.value,
    r: r.value,
    wr: wr.value,
    wwr: wwr.value,
    wwrr: wwrr.value,
    smallestWeight,
    largestWeight,
    smallestResponse,
    largestResponse,
  };
}

export const mergeCressieReadSums = (a: CressieReadSums, b: CressieReadSums): CressieReadSums => ({
  n: a.n + b.n,
  w: a.w + b.w,
  ww: a.ww + b.ww,
  r: a.r + b.r,
  wr: a.wr + b.wr,
  wwr: a.wwr + b.wwr,
  wwrr: a.wwrr + b.wwrr,
  smallestWeight: Math.min(a.smallestWeight, b.smallestWeight),
  largestWeight: Math.max(a.largestWeight, b.largestWeight),
  smallestResponse: Math.min(a.smallestResponse, b.smallestResponse),
  largestResponse: Math.max(a.largestResponse, b.largestResponse),
});
