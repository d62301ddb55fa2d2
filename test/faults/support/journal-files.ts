import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { decodeRecord, isRecordAt, recordBytesAt } from '../../../src/journal/record.ts';

/** A record of a segment as it lies on the disk. */
export interface RecordOnDisk {
  readonly path: string;
  readonly from: number;
  readonly to: number;
  readonly sequence: number;
  /** Of its event. */
  readonly id: string;
}

/** Every whole record under a journal directory that no consumer has passed, adopted folders included. */
export function pendingRecords(directory: string): RecordOnDisk[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'damaged')
    .flatMap(({ name }) => {
      const folder = join(directory, name);
      return [...pendingRecords(join(folder, 'adopted')), ...recordsOf(folder)];
    });
}

function recordsOf(folder: string): RecordOnDisk[] {
  const handled = handledIn(folder);
  return readdirSync(folder)
    .filter((name) => name.endsWith('.seg'))
    .sort()
    .flatMap((name) => recordsIn(join(folder, name)))
    .filter(({ sequence }) => sequence > handled);
}

function handledIn(folder: string): number {
  try {
    return (JSON.parse(readFileSync(join(folder, 'cursor'), 'utf8')) as { sequence: number }).sequence;
  } catch {
    return 0;
  }
}

function recordsIn(path: string): RecordOnDisk[] {
  const bytes = readFileSync(path);
  const records: RecordOnDisk[] = [];
  for (let at = 0; isRecordAt(bytes, at);) {
    const { sequence, value } = decodeRecord(bytes, at);
    const event = JSON.parse(value.toString()) as { eventId?: string; decisionId: string };
    const to = at + (recordBytesAt(bytes, at) ?? 0);
    records.push({ path, from: at, to, sequence, id: event.eventId ?? event.decisionId });
    at = to;
  }
  return records;
}
