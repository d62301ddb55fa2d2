import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { type Journal, type JournalOptions, openJournal } from '../../src/journal/journal.ts';
import type { RawRecord } from '../../src/service/ports/event-log.ts';

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
