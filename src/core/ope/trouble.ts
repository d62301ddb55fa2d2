import type { EstimateRefusal, EstimatorId, Warning } from './report.ts';

/** Why a log, or one response of it, cannot be answered, and what would be enough. */
export interface Trouble {
  readonly code: string;
  readonly reason: string;
  readonly needed: string;
}

/** Names a row for a person: `row 17`, or a file and a line where the log came from a file. */
export type Locate = (row: number) => string;

export const refusalOf = (response: string, estimator: EstimatorId, trouble: Trouble): EstimateRefusal => ({
  response,
  estimator,
  refusal: trouble,
});

/** Warnings that explain a number without making it weak; every other warning does. */
const notes = new Set([
  'clipped_target',
  'shrunk_target',
  'tuned_on_other_units',
  'version_left_out',
  'versions_combined',
  'model_error_unseen',
  'repeated_rows',
  'support_not_checked',
  'limits_changed',
]);

/** Weak evidence is enough for a look and never for the gate. */
export const isWeakness = (warning: Warning): boolean => !notes.has(warning.code);

/** Percent with as many digits as a reader needs. */
export const percent = (share: number): string => `${(share * 100).toFixed(share < 0.1 ? 2 : 1)} %`;

export const shortNumber = (value: number): string => {
  if (!Number.isFinite(value)) return 'unknown';
  return Math.abs(value) >= 10_000 ? Math.round(value).toString() : String(Number(value.toPrecision(4)));
};
