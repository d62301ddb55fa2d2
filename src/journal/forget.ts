import { closeSync, fdatasyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { dayOfDecisionId } from '../core/feedback/decision-id.ts';
import { mentions } from '../core/feedback/mentions.ts';
import { FORGOTTEN_RECORD } from '../service/schemas/forgotten-record.ts';
import { loadCursor } from './cursor.ts';
import { DAMAGED_FOLDER } from './damage.ts';
import { foldersUnder, namesIn, unlessGone } from './folders-under.ts';
import { hasLiveOwner } from './owner.ts';
import { OVERHEAD_BYTES, decodeRecord, resealRecord } from './record.ts';
import { readAround, wholeRecords } from './scan.ts';
import { firstSequenceOf, listSegments } from './segment.ts';

export interface JournalForgotten {
  /** Records that were overwritten (or would be, in a dry run). */
  readonly records: number;
  /** Records of a running process that are not handed on yet: they must not change under its reader. */
  readonly waiting: number;
  /** Decisions of the unit that the journal holds. */
  readonly decisionIds: readonly string[];
  /** Files of damage set aside that mention the unit still: in bytes that are no record, or in another unit's. */
  readonly damagedFiles: readonly string[];
}

/**
 * Overwrites a unit's records in the journal files under `directory`, in place: length, sequence and time stay, key and
 * value become filler that readers pass over, so no cursor and no sequence moves. In the folder of a running process only
 * records that were handed on already are touched; nobody but a recovery reads those again.
 *
 * @param decisionIds decisions of the unit that are known already: feedback names nothing else
 */
export function forgetInJournal(
  directory: string,
  unit: { readonly tenant: string; readonly unitId: string; readonly decisionIds: readonly string[] },
  { isDryRun }: { readonly isDryRun: boolean },
  now: number,
): JournalForgotten {
  const ids = new Set(unit.decisionIds);
  // Twice: feedback may stand in another folder, before its decision.
  const note = ({ value }: FoundRecord): void => noteDecision(value, unit, ids);
  for (const folder of journalFolders(directory)) eachRecord(folder, note);
  for (const file of damagedFiles(directory)) visitRecords(file, note);
  let records = 0;
  let waiting = 0;
  const names = [unit.unitId, ...ids];
  for (const folder of journalFolders(directory)) {
    const handled = loadCursor(folder)?.sequence ?? 0;
    const isOwned = isRunning(folder, now);
    eachRecord(folder, (record) => {
      const whose = belongs(record, unit, ids, names);
      if (whose === 'other') return;
      // What only mentions the unit is another unit's: it goes once it is stored.
      const mayChange = record.sequence <= handled || (!isOwned && whose === 'unit');
      if (!mayChange) waiting += 1;
      else if (record.overwrite(isDryRun)) records += 1;
    });
  }
  const left: string[] = [];
  for (const file of damagedFiles(directory)) {
    visitRecords(file, (record) => {
      if (belongs(record, unit, ids, names) === 'unit' && record.overwrite(isDryRun)) records += 1;
    });
    if (mentions(file.bytes.toString('utf8'), names)) left.push(file.path);
  }
  return { records, waiting, decisionIds: [...ids], damagedFiles: left };
}

/** With what each folder adopted; again and again, because one that is adopted meanwhile goes on under another name. */
function* journalFolders(directory: string): Generator<string> {
  const seen = new Set<string>();
  for (;;) {
    const more = foldersUnder(directory).filter((folder) => !seen.has(folder));
    if (more.length === 0) return;
    for (const folder of more) yield folder;
    for (const folder of more) seen.add(folder);
  }
}

/** An adopted folder belongs to whoever owns the folder around it. */
const isRunning = (folder: string, now: number): boolean =>
  hasLiveOwner(folder, now) || hasLiveOwner(join(folder, '..', '..'), now);

interface FoundRecord {
  readonly key: string;
  readonly value: string;
  readonly sequence: number;
  /** False: gone meanwhile. A dry run overwrites it in memory alone. */
  overwrite(isDryRun: boolean): boolean;
}

interface SegmentFile {
  readonly path: string;
  readonly firstSequence: number;
  readonly bytes: Buffer;
}

function eachRecord(folder: string, visit: (record: FoundRecord) => void): void {
  for (const { path, firstSequence } of unlessGone(() => listSegments(folder)) ?? []) {
    const bytes = unlessGone(() => readFileSync(path));
    if (bytes !== null) visitRecords({ path, firstSequence, bytes }, visit);
  }
}

function visitRecords({ path, firstSequence, bytes }: SegmentFile, visit: (record: FoundRecord) => void) {
  for (const { at, end, sequence } of wholeRecords(bytes, firstSequence)) {
    const { key, value } = decodeRecord(bytes, at);
    const overwrite = (isDryRun: boolean): boolean => {
      const record = bytes.subarray(at, end);
      blank(record);
      return isDryRun || write(path, record, at);
    };
    visit({ key, value: value.toString('utf8'), sequence, overwrite });
  }
}

function blank(record: Buffer): void {
  const valueAt = OVERHEAD_BYTES + record.readUInt16LE(OVERHEAD_BYTES - 2);
  record.fill('x', OVERHEAD_BYTES, valueAt);
  record.fill(' ', valueAt);
  record.write(FORGOTTEN_RECORD, valueAt);
  resealRecord(record);
}

/** One write for the whole record: a crash leaves the old record, the new one, or one that recovery steps over. */
function write(path: string, record: Buffer, offset: number): boolean {
  const file = unlessGone(() => openSync(path, 'r+'));
  if (file === null) return false;
  try {
    writeSync(file, record, 0, record.length, offset);
    fdatasyncSync(file);
  } finally {
    closeSync(file);
  }
  return true;
}

/** `unit`: its decision or feedback, or no event at all that names it; `mention`: of another unit, but names it. */
function belongs(
  { key, value }: FoundRecord,
  unit: { readonly tenant: string; readonly unitId: string },
  ids: ReadonlySet<string>,
  names: readonly string[],
): 'unit' | 'mention' | 'other' {
  if (!mentions(key, names) && !mentions(value, names)) return 'other';
  try {
    const event = JSON.parse(value) as Partial<Record<'tenant' | 'unitId' | 'decisionId', unknown>>;
    if (event.tenant !== unit.tenant) return 'other';
    const isOwn = event.unitId === unit.unitId || ids.has(String(event.decisionId));
    return isOwn ? 'unit' : 'mention';
  } catch {
    return 'unit';
  }
}

function noteDecision(
  value: string,
  unit: { readonly tenant: string; readonly unitId: string },
  ids: Set<string>,
): void {
  if (!mentions(value, [unit.unitId])) return;
  try {
    const event = JSON.parse(value) as Partial<Record<'tenant' | 'unitId' | 'decisionId', unknown>>;
    const { decisionId } = event;
    if (event.tenant !== unit.tenant || event.unitId !== unit.unitId || typeof decisionId !== 'string')
      return;
    dayOfDecisionId(decisionId);
    ids.add(decisionId);
  } catch {
    // no event, or an id that is none: its record goes because it mentions the unit
  }
}

function* damagedFiles(directory: string): Generator<SegmentFile> {
  const folder = join(directory, DAMAGED_FOLDER);
  for (const name of namesIn(folder)) {
    const path = join(folder, name);
    const content = unlessGone(() => readAround(path));
    if (content !== null) yield { path, firstSequence: firstSequenceOf(name) ?? 1, bytes: content.bytes };
  }
}
