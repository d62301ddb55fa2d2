import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decisionEvent } from '../support/events.ts';
import {
  drain,
  ids,
  leftBehind,
  open,
  recordsOf,
  segmentFiles,
  segmentName,
  temporaryFolder,
  until,
  writerFolders,
} from './folder.ts';

describe('a journal whose writer was killed', () => {
  it('holds every record that was acknowledged, after kill -9 in the middle of writing, round after round', async () => {
    const directory = temporaryFolder();
    const oracle = join(temporaryFolder(), 'acknowledged');
    const child = fileURLToPath(new URL('writer-child.ts', import.meta.url));
    for (let round = 0; round < 3; round += 1) {
      const before = existsSync(oracle) ? statSync(oracle).size : 0;
      const from = String(round * 1_000_000);
      const writer = spawn(process.execPath, ['--import', 'tsx', child, directory, oracle, from], {
        stdio: 'inherit',
      });
      const ended = new Promise((resolve) => writer.once('exit', resolve));
      await until(() => existsSync(oracle) && statSync(oracle).size > before + 20_000 * (round + 1), 25_000);
      writer.kill('SIGKILL');
      await ended;
    }
    // What the first was writing, the second adopted, and the third from the second: all of it must be here.
    const acknowledged = readFileSync(oracle, 'utf8').split('\n').slice(0, -1);
    const journal = await open(directory);
    const delivered = await drain(journal);
    expect(acknowledged.length).toBeGreaterThan(3_000);
    const all = new Set(delivered);
    expect(acknowledged.filter((id) => !all.has(id))).toEqual([]);
    expect(delivered).toHaveLength(all.size);
    expect(journal.damages().filter(({ kind }) => kind === 'damaged-segment')).toEqual([]);
    await journal.close();
    expect(writerFolders(directory)).toEqual([]);
  });

  it('is adopted by exactly one of several that start together', async () => {
    const { bytes } = recordsOf(50);
    const directory = leftBehind(new Map([[1, bytes]]));
    const journals = await Promise.all([open(directory), open(directory), open(directory)]);
    const delivered = (await Promise.all(journals.map(drain))).flat();
    expect(delivered).toEqual(ids(0, 50));
  });
});

describe('many processes that start on one directory', () => {
  it('each get a folder of their own, and lose nothing to one another', async () => {
    const directory = temporaryFolder();
    const child = fileURLToPath(new URL('writer-child.ts', import.meta.url));
    const oracles = Array.from({ length: 4 }, () => join(temporaryFolder(), 'acknowledged'));
    const writers = oracles.map((oracle, n) =>
      spawn(process.execPath, ['--import', 'tsx', child, directory, oracle, String(n * 1_000_000)], {
        stdio: 'inherit',
      }),
    );
    const ended = writers.map((writer) => new Promise((resolve) => writer.once('exit', resolve)));
    await until(() => oracles.every((oracle) => existsSync(oracle) && statSync(oracle).size > 2_000), 25_000);
    expect(writerFolders(directory)).toHaveLength(4);
    writers.forEach((writer) => writer.kill('SIGKILL'));
    await Promise.all(ended);
    const acknowledged = oracles.flatMap((oracle) => readFileSync(oracle, 'utf8').split('\n').slice(0, -1));
    const delivered = new Set(await drain(await open(directory)));
    expect(acknowledged.filter((id) => !delivered.has(id))).toEqual([]);
  });
});

describe('a journal with a torn tail', () => {
  it('gives the whole records before any cut, and nothing else', async () => {
    const { bytes, ends } = recordsOf(6);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: bytes.length }), async (length) => {
        const directory = leftBehind(new Map([[1, bytes.subarray(0, length)]]));
        const journal = await open(directory);
        const whole = ends.filter((end) => end <= length).length;
        const isTorn = length > 0 && !ends.includes(length);
        expect(journal.depth().records).toBe(whole);
        expect(await drain(journal)).toEqual(ids(0, whole));
        expect(journal.damages().map(({ kind }) => kind)).toEqual(isTorn ? ['torn-tail'] : []);
        await journal.close();
      }),
      { numRuns: 60, examples: [[0], [3], [ends[0]], [ends[0] + 1], [bytes.length - 1]] },
    );
  });

  it('keeps the bytes that were cut, for a person to look at', async () => {
    const { bytes, ends } = recordsOf(3);
    const directory = leftBehind(new Map([[1, bytes.subarray(0, ends[1] + 40)]]));
    await open(directory);
    const [kept] = readdirSync(join(directory, 'damaged'));
    expect(readFileSync(join(directory, 'damaged', kept))).toEqual(bytes.subarray(ends[1], ends[1] + 40));
  });

  it('treats a tail of zeros, as a power cut leaves it, like a torn one', async () => {
    const { bytes } = recordsOf(4);
    const directory = leftBehind(new Map([[1, Buffer.concat([bytes, Buffer.alloc(10_000)])]]));
    const journal = await open(directory);
    expect(await drain(journal)).toEqual(ids(0, 4));
    expect(journal.damages()).toMatchObject([
      { kind: 'torn-tail', from: bytes.length, to: bytes.length + 10_000 },
    ]);
  });
});

describe('a journal with damage in the middle', () => {
  it('loses only the damaged record, says which, and sets the segment aside', async () => {
    const { bytes, ends } = recordsOf(20);
    bytes[ends[6] + 50] ^= 0x10;
    const directory = leftBehind(new Map([[1, bytes]]));
    const journal = await open(directory);
    expect(await drain(journal)).toEqual([...ids(0, 7), ...ids(8, 20)]);
    expect(journal.damages()).toMatchObject([
      { kind: 'damaged-segment', from: ends[6], to: ends[7], missing: { first: 8, last: 8 } },
    ]);
    await journal.close();
    const [kept] = readdirSync(join(directory, 'damaged'));
    expect(kept).toBe(`dead-${segmentName(1)}.damaged`);
    expect(readFileSync(join(directory, 'damaged', kept))).toEqual(bytes);
  });

  it('never invents a record, whatever byte is changed to whatever value', async () => {
    const { bytes, ends } = recordsOf(6);
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: bytes.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        async (at, change) => {
          const damaged = Buffer.from(bytes);
          damaged[at] ^= change;
          const hit = ends.findIndex((end) => at < end);
          const journal = await open(leftBehind(new Map([[1, damaged]])));
          expect(await drain(journal)).toEqual(ids(0, 6).filter((_, n) => n !== hit));
          expect(journal.damages()).toHaveLength(1);
          await journal.close();
        },
      ),
      { numRuns: 60 },
    );
  });

  it('reads on in the next segment when the end of one is gone', async () => {
    const { bytes, ends } = recordsOf(30);
    const directory = leftBehind(
      new Map([
        [1, bytes.subarray(0, ends[4] + 10)],
        [11, bytes.subarray(ends[9], ends[19])],
        [21, bytes.subarray(ends[19])],
      ]),
    );
    const journal = await open(directory);
    expect(await drain(journal)).toEqual([...ids(0, 5), ...ids(10, 30)]);
    expect(journal.damages()).toMatchObject([{ missing: { first: 6, last: 10 } }]);
  });

  it('says what is missing when a whole segment is gone', async () => {
    const { bytes, ends } = recordsOf(30);
    const directory = leftBehind(
      new Map([
        [1, bytes.subarray(0, ends[9])],
        [21, bytes.subarray(ends[19])],
      ]),
    );
    const journal = await open(directory);
    expect(await drain(journal)).toEqual([...ids(0, 10), ...ids(20, 30)]);
    expect(journal.damages()).toMatchObject([{ missing: { first: 11, last: 20 } }]);
  });

  it('goes on when its own file is cut under it', async () => {
    const directory = temporaryFolder();
    const journal = await open(directory, { segmentBytes: 8_192 });
    for (let n = 0; n < 10; n += 1) journal.append(decisionEvent(n));
    truncateSync(segmentFiles(writerFolders(directory)[0])[0], 1_500);
    for (let n = 10; n < 40; n += 1) journal.append(decisionEvent(n));
    const delivered = await drain(journal);
    expect(delivered.slice(0, 2)).toEqual(ids(0, 2));
    expect(delivered.slice(-10)).toEqual(ids(30, 40));
    expect(journal.damages().length).toBeGreaterThan(0);
  });

  it.each(['', '{', '{"sequence":3,"segment":1,"offset":7}', '{"sequence":9000,"segment":77,"offset":0}'])(
    'repeats records rather than losing one when the cursor file holds %j',
    async (cursor) => {
      const { bytes } = recordsOf(10);
      const directory = leftBehind(new Map([[1, bytes]]));
      writeFileSync(join(directory, 'dead', 'cursor'), cursor);
      const journal = await open(directory);
      const delivered = await drain(journal);
      expect(delivered.slice(-7)).toEqual(ids(3, 10));
    },
  );
});

/** Mounting needs root and the right to do so; null where it cannot be had. */
function smallDisk(): { path: string; unmount(): void } | null {
  const path = temporaryFolder();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'allot-test', path], { stdio: 'ignore' });
  } catch {
    return null;
  }
  return { path, unmount: () => void execFileSync('umount', [path], { stdio: 'ignore' }) };
}

const disk = process.getuid?.() === 0 ? smallDisk() : null;
disk?.unmount();

describe.skipIf(disk === null)('a journal on a full disk (needs the right to mount a tmpfs)', () => {
  it('refuses, keeps what it accepted, writes nothing by half, and goes on once there is room', async () => {
    const { path, unmount } = smallDisk() ?? { path: '', unmount: () => undefined };
    try {
      const journal = await open(path, { segmentBytes: 32 * 1024 });
      let accepted = 0;
      const fill = (): void => {
        for (;;) {
          journal.append(decisionEvent(accepted));
          accepted += 1;
        }
      };
      expect(fill).toThrow(/cannot be written/);
      expect(accepted).toBeGreaterThan(100);
      expect(journal.canAppend()).toBe(false);
      expect(await drain(journal)).toEqual(ids(0, accepted));
      await until(() => journal.canAppend());
      const from = accepted;
      expect(fill).toThrow(/cannot be written/);
      expect(await drain(journal)).toEqual(ids(from, accepted));
      await journal.close();
    } finally {
      unmount();
    }
  });
});
