import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadDataset } from '../../offline/dataset/load.ts';
import { placeSnapshot, type PlacedSnapshot } from '../../offline/dataset/snapshot-folder.ts';
import { writeSnapshot } from '../../offline/dataset/snapshot.ts';
import { makeRecords, readerOf, worldEnd, worldSurface } from './learning-world.ts';

const home = mkdtempSync(join(tmpdir(), 'allot-snapshot-folder-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const records = makeRecords({ units: 20, perUnit: 4, seed: 3 });

function place(name: string, rows: number, isReplacing = false): Promise<PlacedSnapshot> {
  const reader = readerOf(records.slice(0, rows));
  const range = { tenant: 'default', surface: worldSurface, from: 0, until: worldEnd, rowsPerPart: 30 };
  return placeSnapshot({ directory: join(home, name), isReplacing }, (directory) =>
    writeSnapshot({ reader, directory, ...range }),
  );
}

const read = (name: string): string => readFileSync(join(home, name, 'manifest.json'), 'utf8');

describe('the folder of a snapshot', () => {
  it('is not taken from another snapshot', async () => {
    await place('a', 80);
    const before = [read('a'), readdirSync(join(home, 'a'))];
    await expect(place('a', 40)).rejects.toMatchObject({
      code: 'invalid_request',
      message: expect.stringMatching(/^--out: .*a holds another snapshot .*--replace/) as string,
    });
    expect([read('a'), readdirSync(join(home, 'a'))]).toEqual(before);
  });

  it('is left as it is by the same rows', async () => {
    const first = await place('b', 80);
    const again = await place('b', 80);
    expect([first.wasThere, again.wasThere]).toEqual([false, true]);
    expect(again.manifest).toEqual(first.manifest);
  });

  it('is replaced as a whole when asked, nothing of the old one remaining and nothing else being touched', async () => {
    await place('c', 80);
    writeFileSync(join(home, 'c', 'notes.txt'), 'mine');
    const { manifest } = await place('c', 20, true);
    expect(manifest.rows).toBe(20);
    expect(readdirSync(join(home, 'c')).sort()).toEqual(['manifest.json', 'notes.txt', 'part-00000.parquet']);
    expect((await loadDataset(join(home, 'c'))).rows).toBe(20);
  });

  it('is not taken from what is no snapshot, and keeps the old snapshot when the new one fails', async () => {
    await place('d', 80);
    const fails = placeSnapshot({ directory: join(home, 'd'), isReplacing: true }, () =>
      Promise.reject(new Error('the store went away')),
    );
    await expect(fails).rejects.toThrow('the store went away');
    expect((await loadDataset(join(home, 'd'))).rows).toBe(80);
    writeFileSync(join(home, 'd', 'manifest.json'), '{}');
    await expect(place('d', 80)).rejects.toThrow(/holds something that is not a snapshot/);
  });

  it('is said to be missing where there is none', async () => {
    const nowhere = join(home, 'nowhere');
    await expect(loadDataset(nowhere)).rejects.toMatchObject({
      code: 'snapshot_invalid',
      message: `there is no folder ${nowhere}`,
    });
  });

  it('is taken over from whoever was killed before the manifest came', async () => {
    await place('e', 80);
    rmSync(join(home, 'e', 'manifest.json'));
    expect((await place('e', 20)).wasThere).toBe(false);
    expect(readdirSync(join(home, 'e')).sort()).toEqual(['manifest.json', 'part-00000.parquet']);
  });
});
