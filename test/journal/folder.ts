import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { type Journal, type JournalOptions, openJournal } from '../../src/journal/journal.ts';
import { encodeRecord, roomFor } from '../../src/journal/record.ts';
import type { RawRecord } from '../../src/service/ports/event-log.ts';
import { decisionEvent } from '../support/events.ts';

const made: string[] = [];
const opened: Journal[] = [];

afterEach(async () => {
  for (const journal of opened.splice(0)) await journal.close();
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
});

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'allot-journal-'));
  made.push(folder);
  return folder;
}

/** Closed after the test. */
export async function open(directory: string, changes: Partial<JournalOptions> = {}): Promise<Journal> {
  const journal = await openJournal({
    directory,
    segmentBytes: 1024 * 1024,
    maxBytes: 64 * 1024 * 1024,
    sync: 'group',
    ...changes,
  });
  opened.push(journal);
  return journal;
}

/** Paths of the writers' folders. */
export function writerFolders(directory: string): string[] {
  return readdirSync(directory)
    .filter((name) => name !== 'damaged' && !name.startsWith('.'))
    .sort()
    .map((name) => join(directory, name));
}

export function segmentFiles(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.seg'))
    .sort()
    .map((name) => join(folder, name));
}

export function idsOf(records: readonly RawRecord[]): string[] {
  return records.map(({ value }) => {
    const event = JSON.parse(Buffer.from(value).toString()) as { decisionId: string; eventId?: string };
    return event.eventId ?? event.decisionId;
  });
}

/** Delivers until nothing is left, and gives the ids in the order they came. */
export async function drain(journal: Journal): Promise<string[]> {
  const ids: string[] = [];
  const consumer = await journal.consume(async (records) => {
    ids.push(...idsOf(records));
  });
  await until(() => journal.lag() === 0);
  await consumer.stop();
  return ids;
}

export async function until(isDone: () => boolean | Promise<boolean>, withinMs = 10_000): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await isDone())) {
    if (Date.now() > deadline) throw new Error(`not so after ${String(withinMs)} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export const ids = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => `decision-${String(from + i)}`);

/** The bytes of decisions 0 … count − 1, and where each record ends. */
export function recordsOf(count: number): { bytes: Buffer; ends: number[] } {
  const parts: Buffer[] = [];
  const ends: number[] = [];
  for (let n = 0; n < count; n += 1) {
    const record = { key: 'u', value: JSON.stringify(decisionEvent(n)) };
    const target = Buffer.alloc(roomFor(record));
    parts.push(target.subarray(0, encodeRecord(target, 0, { ...record, sequence: n + 1, appendedAt: 1 })));
    ends.push((ends.at(-1) ?? 0) + parts[n].length);
  }
  return { bytes: Buffer.concat(parts), ends };
}

export const segmentName = (first: number): string => `${String(first).padStart(20, '0')}.seg`;

/** A journal directory as a dead process leaves it. */
export function leftBehind(segments: ReadonlyMap<number, Buffer>): string {
  const directory = temporaryFolder();
  mkdirSync(join(directory, 'dead'));
  for (const [first, bytes] of segments) writeFileSync(join(directory, 'dead', segmentName(first)), bytes);
  return directory;
}
