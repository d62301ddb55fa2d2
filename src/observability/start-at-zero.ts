import { errorCatalogue } from '../core/errors.ts';
import type { DeadLetterReason, EventKind, IngestOutcome, Metrics } from '../service/ports/metrics.ts';
import type { Meters } from './meters.ts';

const journalDamages: Readonly<Record<Parameters<Metrics['journalDamage']>[0], true>> = {
  'torn-tail': true,
  'damaged-segment': true,
};
const deadLetterReasons: Readonly<Record<DeadLetterReason, true>> = { grammar: true, data: true };
const eventKinds: Readonly<Record<EventKind, true>> = { decision: true, exposure: true, interaction: true };
const ingestOutcomes: Readonly<Record<IngestOutcome, true>> = {
  stored: true,
  duplicate: true,
  forgotten: true,
  'too-late': true,
};

/** A series that begins with its first event never increases, and no alarm that asks for an increase is raised. */
export function startAtZero({ add }: Pick<Meters, 'add'>): void {
  for (const kind of Object.keys(journalDamages)) add('journalDamage', { kind }, 0);
  for (const reason of Object.keys(deadLetterReasons)) add('deadLetters', { reason }, 0);
  for (const code of Object.keys(errorCatalogue)) add('refused', { code }, 0);
  for (const kind of Object.keys(eventKinds)) {
    for (const outcome of Object.keys(ingestOutcomes)) add('ingested', { kind, outcome }, 0);
    if (kind === 'decision') continue;
    add('feedback', { kind }, 0);
    for (const outcome of ['joined', 'orphan']) add('joinFeedback', { kind, outcome }, 0);
  }
}
