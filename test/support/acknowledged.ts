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
  const byDecision = new Map<string, Line[]>();
  for (const line of lines) {
    const id = line.kind === 'decision' ? line.answer.decisionId : line.decisionId;
    byDecision.set(id, [...(byDecision.get(id) ?? []), line]);
  }
  const waiting = [...byDecision];
  const compareNext = async (): Promise<void> => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      await expectStored(client, ...next, deadline);
    }
  };
  await Promise.all(Array.from({ length: 8 }, compareNext));
  return lines.length;
}

async function expectStored(
  client: AllotClient,
  decisionId: string,
  lines: readonly Line[],
  deadline: number,
): Promise<void> {
  const record = await untilComplete(client, decisionId, lines, deadline);
  for (const line of lines) {
    if (line.kind === 'decision') {
      expect(record.decision).toMatchObject(expectedDecision(line));
      continue;
    }
    const copies = [...record.exposures, ...record.interactions].filter((e) => e.eventId === line.eventId);
    expect(copies, `${line.eventId} is stored once`).toHaveLength(1);
    if (line.kind === 'interaction') expect(copies[0]).toMatchObject({ value: line.value, type: 'watch' });
  }
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

/** The stored record once it holds every event of `lines`; a record from the journal has no feedback yet. */
async function untilComplete(
  client: AllotClient,
  decisionId: string,
  lines: readonly Line[],
  deadline: number,
): Promise<DecisionRecord> {
  for (;;) {
    const found = await client.decision(decisionId);
    const missing = 'decision' in found ? lines.filter((line) => !isIn(found, line)) : lines;
    if ('decision' in found && missing.length === 0) return found;
    if (Date.now() > deadline) {
      throw new Error(`acknowledged and not stored: ${JSON.stringify(missing)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const isIn = (record: DecisionRecord, line: Line): boolean =>
  line.kind === 'decision' ||
  [...record.exposures, ...record.interactions].some((event) => event.eventId === line.eventId);
