import { readFileSync } from 'node:fs';
import type { LogEvent } from '../../src/core/feedback/events.ts';

interface GoldenFile {
  /** Read as they are, unknown fields included. */
  readonly read: readonly { readonly title: string; readonly text: string }[];
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

const file = JSON.parse(readFileSync(path, 'utf8')) as GoldenFile;

export const goldenEvents = {
  ...file,
  read: file.read.map(({ title, text }) => ({ title, event: JSON.parse(text) as LogEvent })),
};
