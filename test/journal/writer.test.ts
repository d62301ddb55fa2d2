import { cpSync, existsSync, readFileSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decisionEvent } from '../support/events.ts';
import { CachedDisk, failNext } from './bad-disk.ts';
import { drain, ids, open, segmentFiles, temporaryFolder, until, writerFolders } from './folder.ts';

/** The journal as the next process finds it after a kill -9 now. */
function killed(directory: string): string {
  const copy = temporaryFolder();
  cpSync(directory, copy, { recursive: true });
  for (const folder of writerFolders(copy)) rmSync(join(folder, 'owner'));
  return copy;
}

describe('a writer with commit whose disk refuses a sync', () => {
  it('does not leave a refused record behind when it cannot take it back and then begins a new segment', async () => {
    const directory = temporaryFolder();
    const journal = await open(directory, { sync: 'commit', segmentBytes: 4_096 });
    journal.append(decisionEvent(0));
    failNext('fdatasyncSync');
    failNext('ftruncateSync');
    expect(() => journal.append(decisionEvent(1))).toThrow(/cannot be written/);
    const large = decisionEvent(2, { features: { text: 'x'.repeat(4_000) } });
    journal.append(large);
    expect(segmentFiles(writerFolders(directory)[0])).toHaveLength(2);
    expect(await drain(await open(killed(directory)))).toEqual(['decision-0', 'decision-2']);
  });

  it('refuses until it can take it back', async () => {
    const directory = temporaryFolder();
    const journal = await open(directory, { sync: 'commit', segmentBytes: 4_096 });
    journal.append(decisionEvent(0));
    failNext('fdatasyncSync');
    failNext('ftruncateSync', 2);
    const large = decisionEvent(2, { features: { text: 'x'.repeat(4_000) } });
    expect(() => journal.append(decisionEvent(1))).toThrow(/cannot be written/);
    expect(() => journal.append(large)).toThrow(/cannot be written/);
    journal.append(large);
    expect(await drain(await open(killed(directory)))).toEqual(['decision-0', 'decision-2']);
  });
});

describe.skipIf(!existsSync('/proc/self/fd'))(
  'a writer with group whose disk fails to sync (needs /proc)',
  () => {
    it('writes again what the failed sync was to store, without waiting for the next append', async () => {
      const disk = new CachedDisk();
      const directory = realpathSync(temporaryFolder());
      const journal = await open(directory);
      journal.append(decisionEvent(0));
      await journal.sync();
      disk.failNext();
      for (let n = 1; n < 20; n += 1) journal.append(decisionEvent(n));
      const [folder] = writerFolders(directory);
      const [first] = segmentFiles(folder);
      const written = readFileSync(first);
      await until(() => disk.after(first).equals(written));
      // What comes later goes to other blocks than those that failed.
      journal.append(decisionEvent(20));
      await journal.sync();
      const left = segmentFiles(folder).map((path) => disk.after(path));
      expect(left).toEqual(segmentFiles(folder).map((path) => readFileSync(path)));
      expect(readdirSync(folder).filter((name) => name.endsWith('.seg'))).toHaveLength(2);
      expect(await drain(journal)).toEqual(ids(0, 21));
    });

    it('stores what is accepted later although one segment fails for good', async () => {
      const disk = new CachedDisk();
      const directory = realpathSync(temporaryFolder());
      const journal = await open(directory);
      journal.append(decisionEvent(0));
      disk.failNext(2);
      await expect(journal.sync()).rejects.toThrow('EIO');
      journal.append(decisionEvent(1));
      await expect(journal.sync()).rejects.toThrow('EIO');
      const [, second] = segmentFiles(writerFolders(directory)[0]);
      expect(disk.after(second)).toEqual(readFileSync(second));
    });

    it('has stored every segment after a sync, also those that were filled during one', async () => {
      const disk = new CachedDisk();
      const directory = realpathSync(temporaryFolder());
      const journal = await open(directory, { segmentBytes: 4_096 });
      for (let n = 0; n < 100; n += 1) {
        journal.append(decisionEvent(n));
        if (n % 7 === 0) void journal.sync();
        if (n % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      await journal.sync();
      const files = segmentFiles(writerFolders(directory)[0]);
      expect(files.length).toBeGreaterThan(5);
      expect(files.map((path) => disk.after(path))).toEqual(files.map((path) => readFileSync(path)));
    });
  },
);
