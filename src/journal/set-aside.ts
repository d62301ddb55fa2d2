import { statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AllotError } from '../core/errors.ts';
import { isForgottenRecord } from '../service/schemas/forgotten-record.ts';
import { DAMAGED_FOLDER, type JournalDamage } from './damage.ts';
import { namesIn, unlessGone } from './folders-under.ts';
import { type StoredRecord, decodeRecord } from './record.ts';
import { firstSequenceOf } from './segment.ts';
import { type Range, readAround, wholeRecords } from './scan.ts';

/** Bytes in which no whole record stands. */
export interface LostRange extends Range {
  /** `disk`: it does not give them; `bytes`: they match no checksum. */
  readonly reason: 'disk' | 'bytes';
  /** Sequences between the whole records around them; null at the end of the file, where it cannot be told. */
  readonly missing: JournalDamage['missing'];
}

/** A file under `damaged/`, as it reads today. */
export interface SetAside {
  readonly name: string;
  readonly kind: JournalDamage['kind'];
  /** Folder of the writer, and its segment. */
  readonly writer: string;
  readonly segment: string;
  readonly bytes: number;
  readonly setAsideAt: number;
  /** Whole records, those of forgotten units left out. Ranges count from the start of the file. */
  readonly records: number;
  readonly lost: readonly LostRange[];
}

const pattern = /^(.+)-(\d{20}\.seg)(?:\.damaged|-\d+\.tail)$/;

/** Those of `names`, or all, the oldest first; `invalid_request` for a name that is not there. */
export function listSetAside(
  directory: string,
  names: readonly string[] = namesUnder(directory),
): SetAside[] {
  return names.map((name) => read(directory, name).found).sort((a, b) => a.setAsideAt - b.setAsideAt);
}

/** Names of the files, without looking into them. */
export const namesUnder = (directory: string): string[] =>
  namesIn(join(directory, DAMAGED_FOLDER)).filter((name) => pattern.test(name));

export const isTornTail = (name: string): boolean => name.endsWith('.tail');

/** The whole records of one file; nothing is invented in the place of the others. */
export const recordsSetAside = (directory: string, name: string): readonly StoredRecord[] =>
  read(directory, name).records;

export async function removeSetAside(directory: string, name: string): Promise<void> {
  read(directory, name);
  await rm(join(directory, DAMAGED_FOLDER, name));
}

function read(
  directory: string,
  name: string,
): { readonly found: SetAside; readonly records: readonly StoredRecord[] } {
  const [, writer, segment] = pattern.exec(name) ?? [];
  const path = join(directory, DAMAGED_FOLDER, name);
  const stats = writer === undefined ? undefined : statSync(path, { throwIfNoEntry: false });
  const content = stats === undefined ? null : unlessGone(() => readAround(path));
  if (stats === undefined || content === null)
    throw new AllotError(
      'invalid_request',
      `nothing was set aside as ${name}; \`allot journal list\` shows what was`,
    );
  const { bytes, holes } = content;
  const firstSequence = firstSequenceOf(name) ?? 1;
  const whole = [...wholeRecords(bytes, firstSequence)];
  const records = whole
    .map(({ at }) => decodeRecord(bytes, at))
    .filter(({ value }) => !isForgottenRecord(value));
  const found: SetAside = {
    name,
    kind: isTornTail(name) ? 'torn-tail' : 'damaged-segment',
    writer,
    segment,
    bytes: bytes.length,
    // A rename leaves the time of the last write as it is, and sets this one.
    setAsideAt: stats.ctimeMs,
    records: records.length,
    lost: rangesBetween(whole, bytes.length, { firstSequence, holes }),
  };
  return { found, records };
}

function rangesBetween(
  whole: Iterable<{ readonly at: number; readonly end: number; readonly sequence: number }>,
  bytes: number,
  { firstSequence, holes }: { readonly firstSequence: number; readonly holes: readonly Range[] },
): LostRange[] {
  const lost: LostRange[] = [];
  let from = 0;
  let sequence = firstSequence - 1;
  const note = (to: number, missing: LostRange['missing']): void => {
    if (to <= from) return;
    const isDisk = holes.some((hole) => hole.from < to && hole.to > from);
    lost.push({ from, to, reason: isDisk ? 'disk' : 'bytes', missing });
  };
  for (const record of whole) {
    const last = record.sequence - 1;
    note(record.at, last > sequence ? { first: sequence + 1, last } : null);
    ({ end: from, sequence } = record);
  }
  note(bytes, null);
  return lost;
}
