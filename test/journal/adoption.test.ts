import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LEASE_MS, OWNER_FILE } from '../../src/journal/owner.ts';
import { decisionEvent } from '../support/events.ts';
import { freezeInNextWrite } from './bad-disk.ts';
import {
  drain,
  ids,
  idsOf,
  leftBehind,
  open,
  recordsOf,
  segmentFiles,
  segmentName,
  temporaryFolder,
  until,
  writerFolders,
} from './folder.ts';

/** The folder that the only journal under `directory` adopted. */
function adoptedFolder(directory: string): string {
  const [own] = writerFolders(directory);
  const [name] = readdirSync(join(own, 'adopted'));
  return join(own, 'adopted', name);
}

/** As if its owner ran in another container and had been frozen for longer than its lease. */
function seemsFrozenElsewhere(folder: string): void {
  const file = join(folder, OWNER_FILE);
  const owner = JSON.parse(readFileSync(file, 'utf8')) as object;
  writeFileSync(file, JSON.stringify({ ...owner, place: 'another container' }));
  const longAgo = (Date.now() - LEASE_MS - 1_000) / 1000;
  utimesSync(file, longAgo, longAgo);
}

describe('an adopted folder that cannot be read yet', () => {
  it('is delivered although its torn tail cannot be kept aside', async () => {
    const { bytes, ends } = recordsOf(5);
    const directory = leftBehind(new Map([[1, bytes.subarray(0, ends[3] + 20)]]));
    writeFileSync(join(directory, 'damaged'), 'in the way');
    const first = await open(directory);
    expect(first.depth().records).toBe(4);
    await first.close();
    rmSync(join(directory, 'damaged'));
    expect(await drain(await open(directory))).toEqual(ids(0, 4));
  });

  it('outlives a graceful stop, is counted, and is delivered once it can be read', async () => {
    const { bytes } = recordsOf(5);
    const directory = leftBehind(new Map([[1, bytes]]));
    const segment = join(directory, 'dead', segmentName(1));
    rmSync(segment);
    symlinkSync(segmentName(1), segment); // ELOOP: no reader gets anywhere
    const first = await open(directory);
    expect(first.depth().records).toBe(1);
    first.append(decisionEvent(99));
    expect(await drain(first)).toEqual(ids(99, 100));
    await first.close();

    const second = await open(directory);
    const held = join(adoptedFolder(directory), segmentName(1));
    rmSync(held);
    writeFileSync(held, bytes);
    await second.close();

    const third = await open(directory);
    expect(await drain(third)).toEqual(ids(0, 5));
    await third.close();
    expect(writerFolders(directory)).toEqual([]);
  });

  it('is tried again by the process that holds it', async () => {
    const { bytes } = recordsOf(5);
    const directory = leftBehind(new Map([[1, bytes]]));
    const segment = join(directory, 'dead', segmentName(1));
    rmSync(segment);
    symlinkSync(segmentName(1), segment);
    const journal = await open(directory);
    const seen: string[] = [];
    await journal.consume(async (records) => void seen.push(...idsOf(records)));
    const held = join(adoptedFolder(directory), segmentName(1));
    rmSync(held);
    writeFileSync(held, bytes);
    await until(() => seen.length === 5);
  });
});

describe('an adopted folder that fails while it is read', () => {
  it('holds nothing else up when it was moved away', async () => {
    const directory = leftBehind(new Map([[1, recordsOf(5).bytes]]));
    const journal = await open(directory);
    renameSync(adoptedFolder(directory), join(temporaryFolder(), 'taken'));
    journal.append(decisionEvent(99));
    expect(await drain(journal)).toEqual(ids(99, 100));
  });

  it('loses only the segment that the disk does not give, and keeps that aside', async () => {
    const { bytes, ends } = recordsOf(15);
    const directory = leftBehind(
      new Map([
        [1, bytes.subarray(0, ends[4])],
        [6, bytes.subarray(ends[4], ends[9])],
        [11, bytes.subarray(ends[9])],
      ]),
    );
    const journal = await open(directory);
    const gone = join(adoptedFolder(directory), segmentName(6));
    rmSync(gone);
    mkdirSync(gone); // EISDIR on every read, as a bad disk answers EIO
    journal.append(decisionEvent(99));
    expect(await drain(journal)).toEqual([...ids(0, 5), ...ids(10, 15), ...ids(99, 100)]);
    expect(journal.damages()).toMatchObject([{ kind: 'damaged-segment', missing: { first: 6, last: 10 } }]);
    await journal.close();
    expect(readdirSync(join(directory, 'damaged'))).toEqual([`dead-${segmentName(6)}.damaged`]);
    expect(writerFolders(directory)).toEqual([]);
  });

  it('says what is missing when a segment of it is removed', async () => {
    const { bytes, ends } = recordsOf(10);
    const directory = leftBehind(
      new Map([
        [1, bytes.subarray(0, ends[4])],
        [6, bytes.subarray(ends[4])],
      ]),
    );
    const journal = await open(directory);
    rmSync(join(adoptedFolder(directory), segmentName(1)));
    expect(await drain(journal)).toEqual(ids(5, 10));
    expect(journal.damages()).toMatchObject([{ missing: { first: 1, last: 5 } }]);
  });

  it('delivers the segments before a last one that the disk does not give', async () => {
    const { bytes, ends } = recordsOf(10);
    const directory = leftBehind(new Map([[1, bytes.subarray(0, ends[4])]]));
    mkdirSync(join(directory, 'dead', segmentName(6)));
    const journal = await open(directory);
    expect(await drain(journal)).toEqual(ids(0, 5));
    expect(journal.damages()).toMatchObject([{ kind: 'damaged-segment' }]);
    await journal.close();
    expect(readdirSync(join(directory, 'damaged'))).toEqual([`dead-${segmentName(6)}.damaged`]);
  });
});

describe('a journal that was frozen until another took its folder', () => {
  it('goes on in a new folder and leaves what it had adopted to the other', async () => {
    const directory = leftBehind(new Map([[1, recordsOf(3).bytes]]));
    const frozen = await open(directory);
    const [folder] = writerFolders(directory);
    seemsFrozenElsewhere(folder);
    const other = await open(directory);
    const seen: string[] = [];
    await frozen.consume(async (records) => void seen.push(...idsOf(records)));
    await until(() => writerFolders(directory).length === 2); // it woke and noticed
    frozen.append(decisionEvent(7));
    await until(() => seen.length > 0);
    expect(seen).toEqual(ids(7, 8));
    expect(frozen.lag()).toBe(0);
    expect(await drain(other)).toEqual(ids(0, 3));
  });

  it('loses nothing of what it wrote before it noticed', async () => {
    const directory = temporaryFolder();
    const frozen = await open(directory);
    frozen.append(decisionEvent(0));
    seemsFrozenElsewhere(writerFolders(directory)[0]);
    const other = await open(directory);
    expect(await drain(other)).toEqual(ids(0, 1));
    frozen.append(decisionEvent(1));
    const seen: string[] = [];
    await other.consume(async (records) => void seen.push(...idsOf(records)));
    await until(() => seen.length > 0);
    expect(seen).toEqual(ids(1, 2));
    const held = adoptedFolder(directory);
    await other.close();
    // It may be late again: the folder stays until its owner has surely noticed.
    expect(existsSync(held) && segmentFiles(held).length === 1).toBe(true);
  });

  it('writes again what it was writing when it was frozen', async () => {
    const directory = temporaryFolder();
    const journal = await open(directory);
    journal.append(decisionEvent(0));
    const [folder] = writerFolders(directory);
    freezeInNextWrite(LEASE_MS, () => renameSync(folder, join(temporaryFolder(), 'taken')));
    journal.append(decisionEvent(1));
    expect(await drain(journal)).toEqual(ids(1, 2));
  });

  it('keeps to what it wrote when that stands and no second copy can be made', async () => {
    const directory = temporaryFolder();
    const journal = await open(directory);
    const [folder] = writerFolders(directory);
    const taken = join(temporaryFolder(), 'taken');
    freezeInNextWrite(LEASE_MS, () => {
      renameSync(folder, taken);
      rmSync(directory, { recursive: true });
    });
    journal.append(decisionEvent(0));
    expect(readFileSync(join(taken, segmentName(1)), 'utf8')).toContain(ids(0, 1)[0]);
    // The next one has nowhere to go, and says so before it is written.
    expect(() => journal.append(decisionEvent(1))).toThrow('no folder to write in');
  });

  it('refuses what is lost with its folder and cannot be written again', async () => {
    const directory = temporaryFolder();
    const journal = await open(directory);
    freezeInNextWrite(LEASE_MS, () => rmSync(directory, { recursive: true }));
    expect(() => journal.append(decisionEvent(0))).toThrow('no folder to write in');
  });
});
