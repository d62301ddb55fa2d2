import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const script = join(import.meta.dirname, '..', '..', 'scripts', 'check-demo.mjs');
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'allot-check-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const effect = { value: 1, lower: 0.5, upper: 1.5 };
const summary = {
  decisions: 100,
  exposures: 90,
  interactions: 50,
  duplicatesDropped: 3,
  candidates: [
    { name: 'good', version: 'live-feed@2', verdict: 'promote', reasons: ['better'] },
    { name: 'bad', version: 'live-feed@3', verdict: 'refuse', reasons: ['worse'] },
  ],
  experiment: { verdict: 'pass', effect, forecast: effect },
  trainingBackend: 'wasm',
  seconds: 90,
};

function check(value: object, before = ''): { status: number | null; stderr: string } {
  const file = join(folder, 'summary.json');
  writeFileSync(file, `${before}${JSON.stringify(value, null, 2)}\n`);
  const { status, stderr } = spawnSync(process.execPath, [script, file], { encoding: 'utf8' });
  return { status, stderr };
}

describe('scripts/check-demo.mjs', () => {
  it('accepts the summary that the README promises, behind the lines of npm too', () => {
    expect(check(summary).status).toBe(0);
    expect(check(summary, '\n> allot@0.1.0 demo\n> node scripts/bootstrap.mjs demo\n\n').status).toBe(0);
  });

  it.each([
    ['no duplicate was dropped', { duplicatesDropped: 0 }, /duplicatesDropped/],
    [
      'the bad candidate was not refused',
      { candidates: [summary.candidates[0], summary.candidates[0]] },
      /"refuse"/,
    ],
    [
      'a verdict has no reason',
      { candidates: summary.candidates.map((c) => ({ ...c, reasons: [] })) },
      /reasons/,
    ],
    [
      'an effect lies outside its interval',
      { experiment: { ...summary.experiment, effect: { ...effect, value: 2 } } },
      /effect/,
    ],
    ['the forecast is missing', { experiment: { verdict: 'pass', effect } }, /forecast/],
    ['it took too long', { seconds: 200 }, /three minutes/],
  ])('refuses it when %s', (_, change, reason) => {
    const { status, stderr } = check({ ...summary, ...change });
    expect(status).toBe(1);
    expect(stderr).toMatch(reason);
  });
});
