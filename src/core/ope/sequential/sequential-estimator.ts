import type { Estimand, SequentialEstimatorId, Warning } from '../report.ts';
import type { Trouble } from '../trouble.ts';
import type { Reduction } from './reduction.ts';
import type { SessionView } from './session-view.ts';

/**
 * Which weights decide whether the estimator may answer: products over whole sessions, the same after their clip, those of
 * single steps, or none at all.
 */
export type WeightKind = 'session' | 'clipped-session' | 'step' | 'none';

/** What an estimator needs beside weights; without it, it is not among the usual ones and is refused when asked for. */
export type Needs = 'nothing' | 'values' | 'states';

export interface SequentialEstimator {
  readonly id: SequentialEstimatorId;
  readonly estimand: Estimand;
  readonly needs: Needs;
  readonly weights: WeightKind;
  /** The settings it reads, echoed on the estimate. */
  readonly echoes: readonly ('discount' | 'clip' | 'marginal' | 'dice')[];
  /** Said with every estimate. */
  readonly note?: Warning;
  readonly reduce: (view: SessionView) => Reduction | Trouble;
}

export const isTrouble = (result: object): result is Trouble => 'needed' in result;
