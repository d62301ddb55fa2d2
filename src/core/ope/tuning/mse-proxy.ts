/** One candidate, with rewards scaled to [0, 1]. */
export interface ProxyCandidate {
  readonly value: number;
  readonly standardError: number;
}

/** What the bias bound needs of the unshrunk weights wₖ, one per independent unit. */
export interface WeightMoments {
  readonly units: number;
  readonly meanSquare: number;
  readonly largest: number;
}

/**
 * Proxy of the mean squared error of a shrunk estimate:
 *
 *   var + ( |θ(∞) − θ(λ)| + √(2 E[w²] log(2/δ)/n) + 2 max(w) log(2/δ)/(3n) )²
 *
 * where θ(∞) uses the weights as they are, so that θ(∞) − θ(λ) = E[(w − ŵ)(r − q̂)], the estimated bias. The last two
 * terms are a Bernstein bound of that estimate's own error; they need rewards (and so residuals) within [−1, 1]. They do
 * not depend on λ and are large in small logs: the proxy then prefers no shrinkage.
 *
 * Source: Su, Dimakopoulou, Krishnamurthy and Dudík 2020 (ICML), section 5 and its appendix.
 *
 * @param delta δ ∈ (0, 1), the chance that the bias bound fails; 0.1 here
 */
export function mseProxy(
  candidate: ProxyCandidate,
  unshrunk: number,
  moments: WeightMoments,
  delta: number,
): number {
  const log = Math.log(2 / delta);
  const { units: n, meanSquare, largest } = moments;
  const bias =
    Math.abs(unshrunk - candidate.value) +
    Math.sqrt((2 * meanSquare * log) / n) +
    (2 * largest * log) / (3 * n);
  return candidate.standardError * candidate.standardError + bias * bias;
}

/** Index of the smallest proxy; of equal ones the last, which shrinks least. */
export function chooseByProxy(proxies: readonly number[]): number {
  let best = 0;
  for (let i = 1; i < proxies.length; i++) if (proxies[i] <= proxies[best]) best = i;
  return best;
}
