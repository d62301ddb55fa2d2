import { appendFileSync, readFileSync } from 'node:fs';
import type { AllotClient, DecideInput } from '../../src/client/client.ts';
import type { DecideAnswer } from '../../src/service/serving/decide-answer.ts';

/** One event of a decision and its feedback that the service has acknowledged with 2xx. */
export type AcknowledgedEvent =
  | { readonly kind: 'decision'; readonly request: DecideInput; readonly answer: DecideAnswer }
  | { readonly kind: 'exposure'; readonly eventId: string; readonly decisionId: string }
  | {
      readonly kind: 'interaction';
      readonly eventId: string;
      readonly decisionId: string;
      readonly value: number;
    };

const idOf = (event: AcknowledgedEvent): string =>
  event.kind === 'decision' ? event.answer.decisionId : event.eventId;

/** The client's own file of what was accepted: the oracle of every fault. */
export class AcknowledgedFile {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
    appendFileSync(file, '');
  }

  add(event: AcknowledgedEvent): void {
    appendFileSync(this.#file, `${JSON.stringify({ ...event, at: Date.now() })}\n`);
  }

  /** Of the acknowledged events among `ids`: how long before `now` each was acknowledged. */
  ages(now: number, ids: ReadonlySet<string>): number[] {
    return this.lines()
      .filter((event) => ids.has(idOf(event)))
      .map((event) => now - (event as AcknowledgedEvent & { readonly at: number }).at);
  }

  lines(): AcknowledgedEvent[] {
    return readFileSync(this.#file, 'utf8')
      .split('\n')
      .filter((text) => text !== '')
      .map((text) => JSON.parse(text) as AcknowledgedEvent);
  }
}

/** What became of the calls. A refused call promises nothing; an unlogged decision says so itself. */
export interface Tally {
  answered: number;
  refused: number;
  unlogged: number;
  /** Calls that reached the service and got no whole answer. */
  cut: number;
  /** When the last call was acknowledged, by `Date.now`. */
  lastAnswerAt: number;
}

export const newTally = (): Tally => ({ answered: 0, refused: 0, unlogged: 0, cut: 0, lastAnswerAt: 0 });

export interface DriveOptions {
  /** Begins every id of this worker: unique per file. */
  readonly worker: string;
  readonly isStopped: () => boolean;
  readonly tally?: Tally;
  /** Between two rounds. */
  readonly pauseMs?: number;
}

/** Decides, exposes and interacts until told to stop; after a refusal the next round is another one. */
export async function drive(
  client: () => AllotClient,
  file: AcknowledgedFile,
  { worker, isStopped, tally = newTally(), pauseMs = 0 }: DriveOptions,
): Promise<void> {
  for (let i = 0; !isStopped(); i++) {
    try {
      await oneRound(client(), file, { id: `${worker}-${String(i)}`, i, tally });
      if (pauseMs > 0) await pause(pauseMs);
    } catch (error) {
      tally.refused += 1;
      if (isCut(error)) tally.cut += 1;
      await pause(20);
    }
  }
}

/** The connection ended under the call, by undici's codes; a refused connection was never a call. */
function isCut(error: unknown): boolean {
  const { code } = ((error as Error).cause ?? {}) as { code?: string };
  return code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE';
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** One decision and its feedback; throws at the first call that is not acknowledged. */
export async function oneRound(
  client: AllotClient,
  file: AcknowledgedFile,
  { id, i, tally }: { readonly id: string; readonly i: number; readonly tally: Tally },
): Promise<void> {
  const request = { requestId: id, surface: 'live-feed', unitId: `u-${id}`, features: { hour: i % 24 } };
  const answer = await client.decide(request);
  tally.lastAnswerAt = Date.now();
  if (answer.fallback === 'unlogged') {
    tally.unlogged += 1;
    return;
  }
  tally.answered += 1;
  file.add({ kind: 'decision', request, answer });
  const { decisionId } = answer;
  await client.expose([{ eventId: `${id}-e`, decisionId }]);
  file.add({ kind: 'exposure', eventId: `${id}-e`, decisionId });
  const value = (i % 100) / 100;
  await client.interact([{ eventId: `${id}-i`, decisionId, type: 'watch', value }]);
  file.add({ kind: 'interaction', eventId: `${id}-i`, decisionId, value });
}
