import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { forgetInJournal } from '../../src/journal/forget.ts';
import { leftBehind, recordsOf, segmentName } from './folder.ts';

const decisionIds = [] as const;
const unit = { tenant: 'default', unitId: 'unit-2', decisionIds };
const forget = (directory: string, whom: Parameters<typeof forgetInJournal>[1] = unit) =>
  forgetInJournal(directory, whom, { isDryRun: false }, Date.now());

function twoSegments(): string {
  const { bytes, ends } = recordsOf(6);
  return leftBehind(
    new Map([
      [1, bytes.subarray(0, ends[3])],
      [5, bytes.subarray(ends[3])],
    ]),
  );
}

describe('forgetting in the journal', () => {
  it('overwrites the records of the unit, and no other', () => {
    const directory = twoSegments();
    expect(forget(directory).records).toBe(1);
    const text = readFileSync(join(directory, 'dead', segmentName(1)), 'latin1');
    expect(text).not.toContain('unit-2');
    expect(text).toContain('unit-3');
  });

  it('passes over what is no folder, and over a journal that is not there', () => {
    const directory = twoSegments();
    writeFileSync(join(directory, 'note'), 'a file');
    expect(forget(directory).records).toBe(1);
    expect(forget(join(directory, 'nowhere')).records).toBe(0);
  });

  it.each([
    ['a segment', (directory: string) => join(directory, 'dead', segmentName(1))],
    ['a folder', (directory: string) => join(directory, 'dead')],
    ['the journal', (directory: string) => directory],
  ])('fails where %s cannot be read, and does not count it as gone', (_, pathIn) => {
    const directory = twoSegments();
    const path = pathIn(directory);
    rmSync(path, { recursive: true });
    symlinkSync(path, path); // ELOOP: there, but nobody gets in
    expect(() => forget(directory)).toThrow(/ELOOP/);
  });

  it('fails where a segment is no file', () => {
    const directory = twoSegments();
    mkdirSync(join(directory, 'dead', segmentName(7)));
    expect(() => forget(directory)).toThrow(/EISDIR/);
  });

  it('takes a segment for gone that its process removes between the look and the overwriting', () => {
    const directory = twoSegments();
    const segment = join(directory, 'dead', segmentName(1));
    let looks = 0;
    const removedMeanwhile = {
      unitId: 'unit-2',
      decisionIds,
      // The second look is the one that decides; the segment is in memory by then.
      get tenant() {
        looks += 1;
        if (looks === 2) rmSync(segment);
        return 'default';
      },
    };
    expect(forget(directory, removedMeanwhile)).toMatchObject({ records: 0, waiting: 0 });
    expect(existsSync(segment)).toBe(false);
  });

  it('finds a folder again that another process adopts between the look and the overwriting', () => {
    const directory = twoSegments();
    const adopted = join(directory, 'next', 'adopted');
    mkdirSync(adopted, { recursive: true });
    let looks = 0;
    const adoptedMeanwhile = {
      unitId: 'unit-2',
      decisionIds,
      get tenant() {
        looks += 1;
        if (looks === 2) renameSync(join(directory, 'dead'), join(adopted, 'dead'));
        return 'default';
      },
    };
    expect(forget(directory, adoptedMeanwhile).records).toBe(1);
    expect(readFileSync(join(adopted, 'dead', segmentName(1)), 'latin1')).not.toContain('unit-2');
  });
});
