import type { HyperParameterName } from '../hyper-parameters.ts';

/** Candidate scales of distrust, in units of a weight; ∞ trusts every weight. */
export const WEIGHT_SCALES: readonly number[] = [2, 5, 10, 20, 50, 100, Infinity];

const ofScale: Readonly<Record<HyperParameterName, (scale: number) => number>> = {
  clip: (scale) => scale,
  switchThreshold: (scale) => scale,
  // λw/(w² + λ) halves a weight of √λ.
  drosLambda: (scale) => scale * scale,
  // w/(1 − λ + λw) is bounded by 1/λ.
  subGaussianLambda: (scale) => 1 / scale,
};

/** The candidates of a hyper-parameter, from the most shrinkage to none. */
export const gridOf = (name: HyperParameterName): number[] => WEIGHT_SCALES.map(ofScale[name]);
