import type { SeedOutcome } from '../learning/parallel/train-seeds.ts';
import { TrainingDiverged } from '../learning/run/divergence.ts';
import { trainingReport } from './training-report.ts';
import { viewOfStopped, viewOfTrained } from './training-view.ts';

/** What a training was asked for: all that there is to say of one that stopped itself. */
export interface AskedTraining {
  readonly surface: string;
  readonly algorithm: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly runId: string | null;
}

/** The report of a training that ended, with a policy or without. */
export function reportOfOutcome(outcome: SeedOutcome, asked: AskedTraining): string {
  if ('trained' in outcome) return trainingReport(viewOfTrained(outcome.trained));
  const { seed, stopped, curve } = outcome;
  const lineage = [['run', asked.runId ?? 'none: nothing was registered'] as const];
  return trainingReport(viewOfStopped({ ...asked, seed, lineage }, stopped, curve));
}

/** How the run of a training that stopped itself ends. */
export const failureOfStopped = (
  outcome: Extract<SeedOutcome, { readonly stopped: unknown }>,
  asked: AskedTraining,
): { readonly error: string; readonly reportHtml: string } => ({
  error: new TrainingDiverged(outcome.stopped).message,
  reportHtml: reportOfOutcome(outcome, asked),
});
