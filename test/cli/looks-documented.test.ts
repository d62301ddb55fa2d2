import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sharedFolder } from '../support/shared.ts';
import { runCommand } from './support/in-process.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/experiments.md'), 'utf8');
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'allot-documented-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The words of the command on the page that begins so, its file replaced by one that is there. */
function documented(start: string, path: string): string[] {
  const from = page.indexOf(start);
  expect(from).toBeGreaterThan(0);
  const [command] = page.slice(from).replaceAll('\\\n', ' ').split('\n');
  const [, name, file, ...flags] = command.split(/\s+/);
  expect(path.endsWith(file)).toBe(true);
  return [name, path, ...flags];
}

/** What the page says that the command's summary is, after `words`. */
function quoted(words: string): string {
  const found = new RegExp(`${words} \`([^\`]+)\``).exec(page);
  expect(found).not.toBeNull();
  return found![1];
}

function unpacked(path: string): string {
  const plain = join(folder, 'plain.csv');
  writeFileSync(plain, gunzipSync(readFileSync(path)));
  return plain;
}

const isNumberOrNull = (value: unknown): boolean => value === null || Number.isFinite(value);

describe.skipIf(sharedFolder('data/asos') === null)(
  'allot looks on the ASOS series (needs ../shared/data/asos)',
  () => {
    const path = `${sharedFolder('data/asos') ?? ''}/digital_experiments.csv.gz`;

    it('answers the documented command with the documented summary', async () => {
      const { code, stdout } = await runCommand(...documented('allot looks digital_experiments', path));
      expect(code).toBe(0);
      expect(stdout).toContain(quoted('On the ASOS series its summary is'));
    }, 60_000);

    it('prints the documented object, packed or not', async () => {
      const [, , ...flags] = documented('allot looks digital_experiments', path);
      const packed = await runCommand('looks', path, ...flags, '--json');
      const plain = await runCommand('looks', unpacked(path), ...flags, '--json');
      expect(plain).toEqual(packed);
      const { pairs } = JSON.parse(packed.stdout) as { pairs: Record<string, unknown>[] };
      expect(pairs).toHaveLength(244);
      const keys = ['experiment', 'variant', 'metric', 'looks', 'firstDecisiveTime', 'state', 'effect'];
      for (const pair of pairs) {
        expect(Object.keys(pair)).toEqual(expect.arrayContaining(keys));
        expect(['pass', 'fail', 'inconclusive', 'no data']).toContain(pair['state']);
        expect(Number.isInteger(pair['looks'])).toBe(true);
        expect(isNumberOrNull(pair['firstDecisiveTime'])).toBe(true);
        if (pair['state'] === 'no data') expect(pair['effect']).toBeNull();
        else expect(Object.keys(pair['effect'] as object)).toEqual(['value', 'lower', 'upper']);
      }
    }, 60_000);

    it('takes every documented method, margin and level', async () => {
      const [, , ...flags] = documented('allot looks digital_experiments', path);
      const counts = async (...more: string[]) => {
        const { code, stdout } = await runCommand('looks', path, ...flags, ...more, '--json');
        expect(code).toBe(0);
        const { pairs } = JSON.parse(stdout) as { pairs: { state: string }[] };
        return (state: string) => pairs.filter((pair) => pair.state === state).length;
      };
      const usual = await counts();
      const msprt = await counts('--method', 'msprt');
      // The same test where the variance is what the first look saw.
      expect(Math.abs(msprt('pass') + msprt('fail') - usual('pass') - usual('fail'))).toBeLessThan(10);
      const guarded = await counts('--guardrail', '1%');
      expect(guarded('pass')).toBeGreaterThan(usual('pass'));
      expect(guarded('fail')).toBeLessThan(usual('fail'));
      const strict = await counts('--level', '0.99');
      expect(strict('inconclusive')).toBeGreaterThan(usual('inconclusive'));
      for (const of of [usual, msprt, guarded, strict]) expect(of('no data')).toBe(usual('no data'));
    }, 60_000);
  },
);

describe.skipIf(sharedFolder('data/upworthy') === null)(
  'allot srm on the Upworthy archive (needs ../shared/data/upworthy)',
  () => {
    const path = `${sharedFolder('data/upworthy') ?? ''}/packages_exploratory.csv.gz`;

    it('answers the documented command with the documented summary', async () => {
      const { code, stdout } = await runCommand(...documented('allot srm packages_exploratory', path));
      expect(code).toBe(0);
      expect(stdout).toContain(quoted('On the Upworthy archive its summary is'));
    }, 60_000);

    it('prints the documented object, packed or not', async () => {
      const [, , ...flags] = documented('allot srm packages_exploratory', path);
      const packed = await runCommand('srm', path, ...flags, '--json');
      const plain = await runCommand('srm', unpacked(path), ...flags, '--json');
      expect(plain).toEqual(packed);
      const { groups } = JSON.parse(packed.stdout) as { groups: Record<string, unknown>[] };
      expect(groups).toHaveLength(3385);
      for (const group of groups) {
        expect(Object.keys(group).slice(0, 3)).toEqual(['group', 'verdict', 'pValue']);
        expect(['ok', 'mismatch']).toContain(group['verdict']);
        expect(group['verdict'] === 'mismatch').toBe((group['pValue'] as number) <= 0.001);
      }
    }, 60_000);
  },
);
