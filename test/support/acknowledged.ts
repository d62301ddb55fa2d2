import { appendFileSync, readFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { AllotClient, DecideInput } from '../../src/client/client.ts';
import type { DecideAnswer } from '../../src/service/serving/decide-answer.ts';
import type { DecisionRecord } from '../../src/service/ports/stores.ts';

/** One decision and its feedback, as far as the service has acknowledged them with 2xx. */
type Line =
  | { readonly kind: 'decision'; readonly request: DecideInput; readonly answer: DecideAnswer }
  | { readonly kind: 'exposure'; readonly eventId: string; readonly decisionId: string }
  | {
      readonly kind: 'interaction';
      readonly eventId: string;
      readonly decisionId: string;
      readonly value: number;
    };

/** The client's own file of what was accepted: the oracle of every fault test. */
export class AcknowledgedFile {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
    appendFileSync(file, '');
  }

  add(line: Line): void {
    appendFileSync(this.#file, `${JSON.stringify(line)}\n`);
  }

  lines(): Line[] {
    return readFileSync(this.#file, 'utf8')
      .split('\n')
      .filter((text) => text !== '')
      .map((text) => JSON.parse(text) as Line);
  }
}

/** Decides, exposes and interacts without a pause until told to stop; a refused connection is tried again. */
export async function drive(
  client: () => AllotClient,
  file: AcknowledgedFile,
  options: { readonly worker: number; readonly isStopped: () => boolean },
): Promise<void> {
  for (let i = 0; !options.isStopped(); i++) {
    const id = `w${String(options.worker)}-${String(i)}`;
    try {
      await oneRound(client(), file, id, i);
    } catch {
      // Not acknowledged, so nothing is promised; the next round is another one.
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

async function oneRound(client: AllotClient, file: AcknowledgedFile, id: string, i: number): Promise<void> {
  const request = { requestId: id, surface: 'live-feed', unitId: `u-${id}`, features: { hour: i % 24 } };
  const answer = await client.decide(request);
  if (answer.fallback === 'unlogged') return;
  file.add({ kind: 'decision', request, answer });
  const { decisionId } = answer;
  await client.expose([{ eventId: `${id}-e`, decisionId }]);
  file.add({ kind: 'exposure', eventId: `${id}-e`, decisionId });
  const value = (i % 100) / 100;
  await client.interact([{ eventId: `${id}-i`, decisionId, type: 'watch', value }]);
  file.add({ kind: 'interaction', eventId: `${id}-i`, decisionId, value });
}

/** Waits for ingest, then compares every acknowledged event with what is stored, field by field. */
export async function expectAllStored(
  client: AllotClient,
  file: AcknowledgedFile,
  timeoutMs: number,
): Promise<number> {
  const lines = file.lines();
  const deadline = Date.now() + timeoutMs;
  for (const line of lines) {
    if (line.kind !== 'decision') continue;
    const record = await storedRecord(client, line.answer.decisionId, deadline);
    expect(record.decision).toMatchObject(expectedDecision(line));
  }
  for (const line of lines) {
    if (line.kind === 'decision') continue;
    const record = await untilStored(client, line, deadline);
    const copies = [...record.exposures, ...record.interactions].filter((e) => e.eventId === line.eventId);
    expect(copies, `${line.eventId} is stored once`).toHaveLength(1);
    if (line.kind === 'interaction') expect(copies[0]).toMatchObject({ value: line.value, type: 'watch' });
  }
  return lines.length;
}

const expectedDecision = ({ request, answer }: Extract<Line, { kind: 'decision' }>) => ({
  decisionId: answer.decisionId,
  requestId: request.requestId,
  unitId: request.unitId,
  features: request.features,
  action: answer.action,
  propensity: answer.propensity,
  probabilities: Object.values(answer.probabilities),
  policyVersion: answer.policyVersion,
  variant: answer.variant,
});

async function untilStored(
  client: AllotClient,
  line: { readonly eventId: string; readonly decisionId: string },
  deadline: number,
): Promise<DecisionRecord> {
  for (;;) {
    const record = await storedRecord(client, line.decisionId, deadline);
    const isThere = [...record.exposures, ...record.interactions].some((e) => e.eventId === line.eventId);
    if (isThere) return record;
    if (Date.now() > deadline) throw new Error(`${line.eventId} was acknowledged and is not stored`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function storedRecord(client: AllotClient, id: string, deadline: number): Promise<DecisionRecord> {
  for (;;) {
    const found = await client.decision(id);
    if ('decision' in found) return found;
    if (Date.now() > deadline) throw new Error(`${id} was acknowledged and is not stored`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
