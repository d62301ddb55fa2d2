import { invariant } from '../check.ts';
import type { BanditEstimatorId } from './report.ts';

/** The settings of estimators as plain numbers; `Infinity` is allowed where it means "no shrinkage". */
export interface HyperParameters {
  /** c > 0 of min(w, c): `ips`, `snips`, `dr`, `sndr`, `mrdr`. Unless told: no clip. */
  readonly clip?: number;
  /** λ ≥ 0 of w 1{w ≤ λ}: `switch-dr`. Unless told: 10. */
  readonly switchThreshold?: number;
  /** λ ≥ 0 of λw/(w² + λ): `dros`. Unless told: 100, which halves a weight of 10. */
  readonly drosLambda?: number;
  /** λ ∈ [0, 1] of w/(1 − λ + λw): `sg-ips`, `sg-dr`. Unless told: 0.1, which bounds weights by 10. */
  readonly subGaussianLambda?: number;
}

export type HyperParameterName = keyof HyperParameters;

/** One common idea behind the defaults: distrust begins where a row counts as ten. */
export const defaultHyperParameters: Required<HyperParameters> = {
  clip: Infinity,
  switchThreshold: 10,
  drosLambda: 100,
  subGaussianLambda: 0.1,
};

/** The one setting that an estimator has; null for the direct method, which uses no weights. */
export const hyperParameterOf: Readonly<Record<BanditEstimatorId, HyperParameterName | null>> = {
  ips: 'clip',
  snips: 'clip',
  dm: null,
  dr: 'clip',
  sndr: 'clip',
  'switch-dr': 'switchThreshold',
  dros: 'drosLambda',
  'sg-ips': 'subGaussianLambda',
  'sg-dr': 'subGaussianLambda',
  mrdr: 'clip',
};

/** A setting outside its range is a bug of the caller: flags are checked where they are read. */
export function checkHyperParameters(given: HyperParameters): void {
  const { clip, switchThreshold, drosLambda, subGaussianLambda: lambda } = given;
  invariant(clip === undefined || clip > 0, 'clip > 0');
  invariant(switchThreshold === undefined || switchThreshold >= 0, 'switchThreshold ≥ 0');
  invariant(drosLambda === undefined || drosLambda >= 0, 'drosLambda ≥ 0');
  invariant(lambda === undefined || (lambda >= 0 && lambda <= 1), 'subGaussianLambda in [0, 1]');
}
