/** Temperature scaling and expected calibration error of a classifier's logits (Guo et al. 2017). */

export interface LabelledLogits {
  readonly actionCount: number;
  /** n·K; −∞ where ineligible. */
  readonly logits: Float64Array;
  readonly labels: Int32Array;
}

/** The same for some of the rows, by their places. */
export function selectRows(
  { actionCount: k, logits, labels }: LabelledLogits,
  places: readonly number[],
): LabelledLogits {
  return {
    actionCount: k,
    logits: Float64Array.from(
      { length: places.length * k },
      (_, i) => logits[places[Math.floor(i / k)] * k + (i % k)],
    ),
    labels: Int32Array.from(places, (at) => labels[at]),
  };
}

/** Mean −log softmax(z / T) at the label. */
export function negativeLogLikelihood(data: LabelledLogits, temperature: number): number {
  const { actionCount: k, logits, labels } = data;
  let sum = 0;
  for (let i = 0; i < labels.length; i += 1) {
    let total = 0;
    const own = logits[i * k + labels[i]] / temperature;
    for (let a = 0; a < k; a += 1) total += Math.exp(logits[i * k + a] / temperature - own);
    sum += Math.log(total);
  }
  return sum / labels.length;
}

/** T in [0.05, 20] with the smallest negative log likelihood, by golden section on log T (it is unimodal there). */
export function fitTemperature(data: LabelledLogits): number {
  if (data.labels.length === 0) return 1;
  const ratio = (Math.sqrt(5) - 1) / 2;
  let low = Math.log(0.05);
  let high = Math.log(20);
  for (let i = 0; i < 60; i += 1) {
    const left = high - ratio * (high - low);
    const right = low + ratio * (high - low);
    const isLeft = negativeLogLikelihood(data, Math.exp(left)) < negativeLogLikelihood(data, Math.exp(right));
    if (isLeft) high = right;
    else low = left;
  }
  return Math.exp((low + high) / 2);
}

/**
 * ECE = Σ_b n_b/n |mean probability − frequency| over ten equal-width bins of the probability of every action (Guo et
 * al. 2017, eq. 3, for all classes instead of the likeliest: a policy's other probabilities are propensities too).
 */
export function expectedCalibrationError(data: LabelledLogits, temperature: number, bins = 10): number {
  const { actionCount: k, logits, labels } = data;
  const sums = Array.from({ length: bins }, () => ({ n: 0, p: 0, hits: 0 }));
  const p = new Float64Array(k);
  for (let i = 0; i < labels.length; i += 1) {
    let total = 0;
    const max = Math.max(...logits.subarray(i * k, (i + 1) * k));
    for (let a = 0; a < k; a += 1) total += p[a] = Math.exp((logits[i * k + a] - max) / temperature);
    for (let a = 0; a < k; a += 1) {
      const bin = sums[Math.min(bins - 1, Math.floor((p[a] / total) * bins))];
      bin.n += 1;
      bin.p += p[a] / total;
      bin.hits += labels[i] === a ? 1 : 0;
    }
  }
  const n = labels.length * k;
  return n === 0 ? 0 : sums.reduce((sum, b) => sum + Math.abs(b.p - b.hits) / n, 0);
}
