import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort, startAllotProcess, type AllotProcess } from '../support/allot-process.ts';

const hasCurl =
  spawnSync('curl', ['--version']).status === 0 && spawnSync('bash', ['--version']).status === 0;
const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const blocks = [...readme.matchAll(/^```bash\n([\s\S]*?)^```$/gm)].map((match) => match[1]);
const folder = mkdtempSync(join(tmpdir(), 'allot-readme-'));
const snippet = /^```ts\n([\s\S]*?)^```$/m.exec(readme)?.[1] ?? '';
const root = new URL('../../', import.meta.url);
let allot: AllotProcess;

/** The blocks in one shell, as a reader would paste them; only address and key are those of this run. */
function script(): string {
  return blocks
    .map((block) => block.replace(/^export ALLOT=.*$/m, `export ALLOT=${allot.url}`))
    .map((block) => block.replace(/^export KEY=.*$/m, `export KEY=${allot.adminKey ?? ''}`))
    .map((block, index) => `echo "== ${String(index)}"\n${block}`)
    .join('\n');
}

describe.skipIf(!hasCurl)(`the README's curl examples${hasCurl ? '' : ' (skipped: no curl or bash)'}`, () => {
  let answers: Record<string, unknown>[][] = [];

  beforeAll(async () => {
    allot = await startAllotProcess({
      dataDir: join(folder, 'data'),
      port: await freePort(),
      isFirstStart: true,
    });
    const run = spawnSync('bash', ['-euo', 'pipefail', '-c', script()], { cwd: folder, encoding: 'utf8' });
    expect(run.stderr).toBe('');
    expect(run.status).toBe(0);
    answers = run.stdout
      .split(/^== \d+$/m)
      .slice(1)
      .map((part) =>
        part
          .split('\n')
          .filter((line) => line.startsWith('{'))
          .map((line) => JSON.parse(line) as Record<string, unknown>),
      );
  });

  afterAll(async () => {
    await allot.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('decide with the exact propensity and take feedback', () => {
    const [decision, exposed, interacted] = answers[3];
    expect(decision).toMatchObject({ policyVersion: 'live-feed@1', propensity: 0.5, fallback: null });
    expect([exposed, interacted]).toEqual([{ accepted: 1 }, { accepted: 1 }]);
  });

  it('declare a limit that is held: the even policy is slowed, and nothing warns', () => {
    expect(answers[1][0]).toMatchObject({ pacing: { targetShare: 0.11 } });
    expect([...answers[1], ...answers[2], ...answers[6]].filter((answer) => 'warnings' in answer)).toEqual(
      [],
    );
    const { live } = answers[6][1].probabilities as Record<string, number>;
    expect(live).toBeLessThan(0.5);
  });

  it('read the decision back with its feedback, and replay it', () => {
    const [record, replay] = answers[4];
    expect(record).toMatchObject({ decision: { unitId: 'u-1029' }, interactions: [{ value: 41.5 }] });
    expect(record.exposures).toHaveLength(1);
    expect(replay).toMatchObject({ match: true });
  });

  it('split units between two versions', () => {
    const decisions = answers[5].slice(2);
    expect(decisions).toHaveLength(6);
    for (const { variant, policyVersion } of decisions) {
      expect([variant, policyVersion]).toEqual(
        variant === 'careful' ? ['careful', 'live-feed@2'] : ['champion', 'live-feed@1'],
      );
    }
  });

  it('switch back', () => {
    const [stopped, decision, alias] = answers[6];
    expect(stopped).toMatchObject({ state: 'stopped' });
    expect(decision).toMatchObject({ experiment: null, variant: null, policyVersion: 'live-feed@1' });
    expect(alias).toMatchObject({ aliases: { champion: 'live-feed@2' } });
  });

  it('decide from TypeScript, by the careful policy with the floor mixed in, as the text says', () => {
    const file = join(folder, 'feed.mts');
    const code = snippet
      .replace("'allot'", JSON.stringify(new URL('src/index.ts', root).href))
      .replace('http://127.0.0.1:8787', allot.url)
      .replace('allot_...', allot.adminKey ?? '');
    writeFileSync(file, code);
    const run = spawnSync(process.execPath, ['--import', 'tsx', file], { cwd: root, encoding: 'utf8' });
    expect([run.status, run.stderr]).toEqual([0, '']);
    const [action, propensity] = run.stdout.trim().split(' ');
    expect(readme).toContain('0.9 and 0.1 are served as 0.88 and 0.12');
    const live = action === 'live' ? Number(propensity) : 1 - Number(propensity);
    expect(live).toBeGreaterThan(0.025);
    expect(live).toBeLessThanOrEqual(0.12 + 1e-6);
  });
});
