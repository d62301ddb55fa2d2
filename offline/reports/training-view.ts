import type { ValidationValue } from '../learning/run/finished-policy.ts';
import type { Diagnosis } from '../learning/run/divergence.ts';
import { shareName } from '../learning/run/held-states.ts';
import type { CurvePoint, StepMetrics } from '../learning/run/learner.ts';
import type { TrainedPolicy } from '../learning/train-policy.ts';

/** The behaviour and the finished policy on the same held states. */
export interface RateLine {
  /** null: all states. */
  readonly group: string | null;
  readonly states: number;
  readonly behavior: number;
  readonly policy: number;
}

/** A training as its report shows it: finished, or stopped by itself. */
export interface TrainingView {
  readonly surface: string;
  readonly algorithm: string;
  readonly seed: number;
  readonly diagnosis: Diagnosis | null;
  readonly curve: readonly CurvePoint[];
  readonly metrics: StepMetrics;
  readonly rates: readonly RateLine[];
  readonly validation: ValidationValue | null;
  readonly config: Readonly<Record<string, unknown>>;
  readonly lineage: readonly (readonly [what: string, value: string])[];
}

export function viewOfTrained(trained: TrainedPolicy): TrainingView {
  const { header } = trained.artifact;
  const { lineage } = header;
  return {
    ...{ surface: header.surface, algorithm: header.algorithm, seed: lineage.seed ?? 0, diagnosis: null },
    ...{ curve: trained.curve, metrics: trained.metrics, rates: ratesOf(trained) },
    validation: trained.finished.validation,
    config: lineage.config,
    lineage: [
      ['artifact', trained.hash],
      ['run', lineage.runId ?? 'none: nothing was registered'],
      ['snapshot', lineage.snapshotHash ?? 'none'],
      [
        'served the log',
        trained.behaviorVersions.map(({ version, rows }) => `${version} (${rows} rows)`).join(', '),
      ],
      ['backend', `${trained.backend.name} (${trained.backend.reason})`],
      ['code version', lineage.codeVersion],
      [
        'parity with serving',
        `${trained.parity.maxDifference.toExponential(1)} on ${trained.parity.states} states`,
      ],
    ],
  };
}

/** Of a training that stopped itself: what was asked for, and how far it got. */
export function viewOfStopped(
  asked: Pick<TrainingView, 'surface' | 'algorithm' | 'seed' | 'config' | 'lineage'>,
  diagnosis: Diagnosis,
  curve: readonly CurvePoint[],
): TrainingView {
  return { ...asked, diagnosis, curve, metrics: {}, rates: [], validation: null };
}

export const ratesOf = ({ finished }: TrainedPolicy): RateLine[] =>
  finished.populations
    .filter(({ share }) => Number.isFinite(share))
    .map((population) => ({
      group: population.group,
      states: population.rows.length,
      behavior: population.share,
      policy: finished.metrics[shareName(population)],
    }));
