import type { Random } from '../../core/math/random.ts';
import type { FeedApi, FeedExposure, FeedInteraction } from './feed-api.ts';

/** What was sent, as the sender counts it: `exposures` and `interactions` are different events. */
export interface SentFeedback {
  readonly exposures: number;
  readonly interactions: number;
  readonly duplicates: number;
  readonly late: number;
}

interface Parcel {
  readonly exposure: FeedExposure | null;
  readonly interaction: FeedInteraction | null;
}

const LATE_SHARE = 0.1;
const DUPLICATE_SHARE = 0.03;
const EVENTS_PER_CALL = 250;

/**
 * Delivers feedback the way phones do: shuffled, a tenth of it held back until the unit is long gone, some of it
 * twice. Nothing is lost and `occurredAt` stays true.
 */
export class FeedbackMixer {
  readonly #api: FeedApi;
  readonly #random: Random;
  readonly #waiting: Parcel[] = [];
  readonly #late: Parcel[] = [];
  #sent: SentFeedback = { exposures: 0, interactions: 0, duplicates: 0, late: 0 };

  constructor(api: FeedApi, random: Random) {
    this.#api = api;
    this.#random = random;
  }

  get sent(): SentFeedback {
    return this.#sent;
  }

  expose(exposure: FeedExposure): void {
    this.#post({ exposure, interaction: null });
  }

  interact(interaction: FeedInteraction): void {
    this.#post({ exposure: null, interaction });
  }

  /** Sends what is due, shuffled; late parcels stay. */
  async flush(): Promise<void> {
    await this.#send(this.#waiting.splice(0));
  }

  /** Sends what was held back. */
  async flushLate(): Promise<void> {
    await this.#send(this.#late.splice(0));
  }

  #post(parcel: Parcel): void {
    const isLate = this.#random.uniform() < LATE_SHARE;
    const isDuplicate = this.#random.uniform() < DUPLICATE_SHARE;
    (isLate ? this.#late : this.#waiting).push(parcel);
    if (isDuplicate) this.#late.push(parcel);
    this.#sent = {
      exposures: this.#sent.exposures + (parcel.exposure === null ? 0 : 1),
      interactions: this.#sent.interactions + (parcel.interaction === null ? 0 : 1),
      duplicates: this.#sent.duplicates + (isDuplicate ? 1 : 0),
      late: this.#sent.late + (isLate ? 1 : 0),
    };
  }

  async #send(parcels: readonly Parcel[]): Promise<void> {
    const shuffled = shuffle(parcels, this.#random);
    const exposures = shuffled.flatMap((parcel) => parcel.exposure ?? []);
    const interactions = shuffled.flatMap((parcel) => parcel.interaction ?? []);
    // Interactions first: ingest must join whatever order events come in.
    for (const part of chunks(interactions, EVENTS_PER_CALL)) await this.#api.interact(part);
    for (const part of chunks(exposures, EVENTS_PER_CALL)) await this.#api.expose(part);
  }
}

export function chunks<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  const parts: T[][] = [];
  for (let i = 0; i < items.length; i += size) parts.push(items.slice(i, i + size));
  return parts;
}

/** Fisher–Yates. */
function shuffle<T>(items: readonly T[], random: Random): T[] {
  const out = [...items];
  for (let i = out.length - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    [out[i], out[j]] = [out[j], out[i]];
  }
  return out;
}
