import { readFileSync } from 'node:fs';
import type { LogEvent } from '../../src/core/feedback/events.ts';

interface GoldenEvents {
  /** Read as they are, unknown fields included. */
  readonly read: readonly { readonly title: string; readonly event: LogEvent }[];
  /** Texts as earlier commits of this repository wrote them. */
  readonly writtenBefore: readonly { readonly commit: string; readonly records: readonly string[] }[];
  /** `field`: which breaks the rule; null where the record is no JSON or no object. */
  readonly refused: readonly {
    readonly title: string;
    readonly text: string;
    readonly field: string | null;
  }[];
}

const path = new URL('../../docs/events/v1.golden.json', import.meta.url);

export const goldenEvents = JSON.parse(readFileSync(path, 'utf8')) as GoldenEvents;
