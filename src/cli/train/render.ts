import type { SeedOutcome } from '../../../offline/learning/parallel/train-seeds.ts';
import type { TrainedPolicy } from '../../../offline/train.ts';
import { table } from '../output.ts';
import type { HandTraining } from './train-by-hand.ts';

/** For people: one training in a few lines, several as a table with their spread. */
export function renderTraining({ seeds, chosen, reason, policyVersion }: HandTraining): string {
  if (seeds.length === 1 && 'trained' in seeds[0].outcome)
    return renderOne(seeds[0].outcome.trained, seeds[0].runId, policyVersion);
  const rows = seeds.map(({ outcome, runId }) => [String(outcome.seed), ...cells(outcome), runId ?? '–']);
  const header = ['seed', 'validation', 'lower', 'allocates', 'entropy', 'run'];
  return [
    table(header, rows),
    spreadLine(seeds.map(({ outcome }) => outcome)),
    chosen === null
      ? `nothing was chosen: ${reason}`
      : `chosen: seed ${chosen.seed} (${reason})${policyVersion === null ? '' : `, registered as ${policyVersion}`}`,
  ].join('\n');
}

function renderOne(trained: TrainedPolicy, runId: string | null, policyVersion: string | null): string {
  const { backend, parity, hash } = trained;
  return [
    `backend: ${backend.name} (${backend.reason})`,
    `parity: ${parity.maxDifference.toExponential(2)} at most`,
    ...(runId === null ? [] : [`run ${runId}`]),
    `artifact ${hash}${policyVersion === null ? '' : `, ${policyVersion}`}`,
  ].join('\n');
}

const valueOf = (outcome: SeedOutcome): number =>
  'trained' in outcome ? (outcome.trained.finished.validation?.value ?? NaN) : NaN;
const metricOf = (outcome: SeedOutcome, name: string): number =>
  'trained' in outcome ? (outcome.trained.finished.metrics[name] ?? NaN) : NaN;

function cells(outcome: SeedOutcome): string[] {
  if ('stopped' in outcome) return [`stopped: ${outcome.stopped.kind}`, '–', '–', '–'];
  return [
    valueOf(outcome),
    outcome.trained.finished.validation?.lower ?? NaN,
    metricOf(outcome, 'allocatingShare'),
    metricOf(outcome, 'normalisedEntropy'),
  ].map(shown);
}

/** Standard deviations over the seeds: how much of a result is luck. */
export function spreadOf(outcomes: readonly SeedOutcome[]): Record<string, number> {
  const spread = (values: readonly number[]): number => {
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    return Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (values.length - 1));
  };
  return {
    validationValue: spread(outcomes.map(valueOf)),
    allocatingShare: spread(outcomes.map((outcome) => metricOf(outcome, 'allocatingShare'))),
    divergences: outcomes.filter((outcome) => 'stopped' in outcome).length,
  };
}

function spreadLine(outcomes: readonly SeedOutcome[]): string {
  const { validationValue, allocatingShare, divergences } = spreadOf(outcomes);
  return `standard deviation over seeds: validation ${shown(validationValue)}, allocating share ${shown(allocatingShare)}; ${divergences} of ${outcomes.length} stopped themselves`;
}

const shown = (value: number): string =>
  Number.isFinite(value) ? String(Number(value.toPrecision(4))) : '–';
