import type { Connection } from './connection.ts';

/** Of the answered decisions: seen, and then watched or hidden. */
const SHARE_EXPOSED = 0.8;
const SHARE_WATCHED = 0.4;
const SHARE_HIDDEN = 0.02;
/** Feedback comes this much later, spread evenly. */
const LATEST_MS = 10_000;
const SEND_EVERY_MS = 200;
/** The most events that a request may hold. */
const BATCH = 1_000;

type Kind = 'exposures' | 'interactions';
interface Waiting {
  readonly at: number;
  readonly event: Readonly<Record<string, unknown>>;
}

/** What a feed sends after its decisions, a few seconds later, in batches on a connection of its own. */
export class Feedback {
  readonly #connection: Connection;
  readonly #timer: NodeJS.Timeout;
  readonly #waiting: Record<Kind, Waiting[]> = { exposures: [], interactions: [] };
  readonly #all = { exposures: 0, interactions: 0 };
  #counts = { exposures: 0, interactions: 0, refused: 0 };
  #made = 0;
  #sending: Promise<void> | null = null;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#timer = setInterval(() => {
      this.#sending ??= this.#sendDue(Date.now()).finally(() => (this.#sending = null));
    }, SEND_EVERY_MS);
  }

  /** Accepted so far. */
  get accepted(): { readonly exposures: number; readonly interactions: number } {
    return this.#all;
  }

  follow(answer: string): void {
    const decisionId = /"decisionId":"([^"]+)"/.exec(answer)?.[1];
    if (decisionId === undefined || Math.random() >= SHARE_EXPOSED) return;
    const now = Date.now();
    const seenAt = now + Math.random() * LATEST_MS * 0.5;
    this.#add('exposures', seenAt, { decisionId });
    const luck = Math.random();
    const later = seenAt + Math.random() * LATEST_MS * 0.5;
    if (luck < SHARE_WATCHED)
      this.#add('interactions', later, { decisionId, type: 'watchMs', value: Math.round(luck * 100_000) });
    else if (luck < SHARE_WATCHED + SHARE_HIDDEN)
      this.#add('interactions', later, { decisionId, type: 'hide', value: 1 });
  }

  #add(kind: Kind, at: number, event: Readonly<Record<string, unknown>>): void {
    this.#made += 1;
    this.#waiting[kind].push({ at, event: { eventId: `soak-${String(this.#made)}`, ...event } });
  }

  async #sendDue(now: number): Promise<void> {
    for (const kind of ['exposures', 'interactions'] as const) {
      const waiting = this.#waiting[kind];
      const due = waiting.filter(({ at }) => at <= now);
      this.#waiting[kind] = waiting.filter(({ at }) => at > now);
      for (let at = 0; at < due.length; at += BATCH) {
        await this.#send(kind, due.slice(at, at + BATCH));
      }
    }
  }

  #send(kind: Kind, due: readonly Waiting[]): Promise<void> {
    const events = due.map(({ at, event }) => ({ ...event, occurredAt: Math.round(at) }));
    return new Promise((resolve) => {
      this.#connection.post(`/v1/${kind}`, JSON.stringify({ [kind]: events }), ({ status }) => {
        if (status === 202) {
          this.#counts[kind] += events.length;
          this.#all[kind] += events.length;
        } else this.#counts.refused += events.length;
        resolve();
      });
    });
  }

  take(): { readonly exposures: number; readonly interactions: number; readonly refused: number } {
    const taken = this.#counts;
    this.#counts = { exposures: 0, interactions: 0, refused: 0 };
    return taken;
  }

  /** Sends what is still waiting, due or not. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#sending;
    await this.#sendDue(Infinity);
    this.#connection.close();
  }
}
