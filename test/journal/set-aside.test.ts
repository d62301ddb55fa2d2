import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { forgetInJournal } from '../../src/journal/forget.ts';
import { handBack } from '../../src/journal/recover.ts';
import { listSetAside, recordsSetAside, removeSetAside } from '../../src/journal/set-aside.ts';
import { silentLogger } from '../../src/service/ports/logger.ts';
import { failReads } from './bad-disk.ts';
import {
  drain,
  ids,
  idsOf,
  leftBehind,
  open,
  recordsOf,
  segmentName,
  temporaryFolder,
  until,
  writerFolders,
} from './folder.ts';

const NAME = `dead-${segmentName(1)}.damaged`;
const options = {
  segmentBytes: 8_192,
  maxBytes: 64 * 1024 * 1024,
  logger: silentLogger,
};

function setAside(bytes: Buffer, name = NAME): string {
  const directory = temporaryFolder();
  mkdirSync(join(directory, 'damaged'));
  writeFileSync(join(directory, 'damaged', name), bytes);
  return directory;
}

const isIn = (directory: string, text: string): boolean =>
  readFileSync(join(directory, 'damaged', NAME), 'utf8').includes(text);

describe('what the journal set aside', () => {
  it('is listed as it was set aside: file, bytes, and the range with the records that are gone', async () => {
    const { bytes, ends } = recordsOf(20);
    bytes[ends[6] + 50] ^= 0x10;
    const directory = leftBehind(new Map([[1, bytes]]));
    const journal = await open(directory);
    await drain(journal);
    const before = Date.now();
    await journal.close();
    const [found, ...more] = listSetAside(directory);
    expect(more).toEqual([]);
    expect(found).toMatchObject({ name: NAME, kind: 'damaged-segment', writer: 'dead', records: 19 });
    expect(found).toMatchObject({ segment: segmentName(1), bytes: bytes.length });
    expect(found.lost).toEqual([
      { from: ends[6], to: ends[7], reason: 'bytes', missing: { first: 8, last: 8 } },
    ]);
    expect(Math.abs(found.setAsideAt - before)).toBeLessThan(60_000);
  });

  it('a torn tail is listed with no whole record in it', async () => {
    const { bytes, ends } = recordsOf(3);
    const directory = leftBehind(new Map([[1, bytes.subarray(0, ends[1] + 40)]]));
    await open(directory);
    expect(listSetAside(directory)).toMatchObject([
      { kind: 'torn-tail', bytes: 40, records: 0, lost: [{ from: 0, to: 40, missing: null }] },
    ]);
  });

  it('nothing is listed where nothing was, and a name that is not there is refused', async () => {
    const directory = temporaryFolder();
    expect(listSetAside(directory)).toEqual([]);
    for (const name of [NAME, '../../etc/passwd', `../damaged/${NAME}`]) {
      expect(() => recordsSetAside(directory, name)).toThrow(/nothing was set aside/);
      await expect(removeSetAside(directory, name)).rejects.toThrow(/nothing was set aside/);
    }
  });

  it('gives the records behind a page that the disk does not give, and names that page', () => {
    const { bytes, ends } = recordsOf(60);
    const directory = setAside(bytes);
    failReads(5_000, 5_100);
    const page = { from: 4_096, to: 8_192 };
    const lost = ids(0, 60).filter((_, n) => ends[n] > page.from && (ends[n - 1] ?? 0) < page.to);
    const read = idsOf(recordsSetAside(directory, NAME));
    expect(lost.length).toBeGreaterThan(2);
    expect(read).toEqual(ids(0, 60).filter((id) => !lost.includes(id)));
    const [range, ...more] = listSetAside(directory)[0].lost;
    expect(more).toEqual([]);
    expect(range.reason).toBe('disk');
    expect(range.missing).toEqual({
      first: ids(0, 60).indexOf(lost[0]) + 1,
      last: ids(0, 60).indexOf(lost[lost.length - 1]) + 1,
    });
  });

  it('never invents a record, whatever byte is changed to whatever value', () => {
    const { bytes, ends } = recordsOf(6);
    const directory = setAside(bytes);
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: bytes.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        (at, change) => {
          const damaged = Buffer.from(bytes);
          damaged[at] ^= change;
          writeFileSync(join(directory, 'damaged', NAME), damaged);
          const hit = ends.findIndex((end) => at < end);
          expect(idsOf(recordsSetAside(directory, NAME))).toEqual(ids(0, 6).filter((_, n) => n !== hit));
        },
      ),
      { numRuns: 100 },
    );
  });

  it('is removed when it is told to be', async () => {
    const directory = setAside(recordsOf(2).bytes);
    await removeSetAside(directory, NAME);
    expect(listSetAside(directory)).toEqual([]);
    expect(readdirSync(join(directory, 'damaged'))).toEqual([]);
  });
});

describe('records that are handed back', () => {
  it('are delivered by a journal that runs, whole and in order, over several segments', async () => {
    const { bytes } = recordsOf(40);
    const directory = setAside(bytes);
    const journal = await open(directory);
    await handBack({ directory, ...options }, recordsSetAside(directory, NAME));
    expect(writerFolders(directory)).toHaveLength(2);
    await until(() => journal.lag() === 40);
    expect(await drain(journal)).toEqual(ids(0, 40));
    expect(journal.damages()).toEqual([]);
    expect(listSetAside(directory)).toHaveLength(1);
  });

  it('are delivered by the next start where none runs, with the bytes that they had', async () => {
    const { bytes } = recordsOf(5);
    const directory = setAside(bytes);
    const records = recordsSetAside(directory, NAME);
    await handBack({ directory, ...options }, records);
    const journal = await open(directory);
    const delivered: { key: string; value: Buffer }[] = [];
    const consumer = await journal.consume(async (batch) => {
      delivered.push(...batch.map(({ key, value }) => ({ key, value: Buffer.from(value) })));
    });
    await until(() => journal.lag() === 0);
    await consumer.stop();
    expect(delivered).toEqual(records.map(({ key, value }) => ({ key, value })));
  });

  it('are refused where the journal has no room, and nothing is left behind', async () => {
    const directory = setAside(recordsOf(20).bytes);
    const handed = handBack({ directory, ...options, maxBytes: 1_000 }, recordsSetAside(directory, NAME));
    await expect(handed).rejects.toMatchObject({ code: 'journal_full' });
    expect(writerFolders(directory)).toEqual([]);
  });
});

describe('forgetting in what was set aside', () => {
  const forget = (directory: string, isDryRun = false) =>
    forgetInJournal(
      directory,
      { tenant: 'default', unitId: 'unit-2', decisionIds: [] },
      { isDryRun },
      Date.now(),
    );

  it('overwrites the whole records of the unit, so that none of them comes back', () => {
    const { bytes, ends } = recordsOf(6);
    bytes[ends[3] + 50] ^= 0x10;
    const directory = setAside(bytes);
    expect(forget(directory, true)).toMatchObject({ records: 1, damagedFiles: [] });
    expect(isIn(directory, 'unit-2')).toBe(true);
    expect(forget(directory)).toMatchObject({ records: 1, waiting: 0, damagedFiles: [] });
    expect(isIn(directory, 'unit-2')).toBe(false);
    expect(idsOf(recordsSetAside(directory, NAME))).toEqual(ids(0, 6).filter((_, n) => n !== 2 && n !== 4));
  });

  it('names the file where bytes that are no record mention the unit', () => {
    const { bytes, ends } = recordsOf(6);
    bytes[ends[1] + 30] ^= 0x10;
    const directory = setAside(bytes);
    expect(forget(directory)).toMatchObject({
      records: 0,
      damagedFiles: [join(directory, 'damaged', NAME)],
    });
  });

  it('finds a name that is not ASCII, and looks around a page that the disk does not give', () => {
    const directory = setAside(Buffer.concat([Buffer.alloc(8_192), Buffer.from('"unitId":"größe-2"')]));
    failReads(0, 4_096);
    const unit = { tenant: 'default', unitId: 'größe-2', decisionIds: [] };
    const { damagedFiles } = forgetInJournal(directory, unit, { isDryRun: false }, Date.now());
    expect(damagedFiles).toHaveLength(1);
  });
});
