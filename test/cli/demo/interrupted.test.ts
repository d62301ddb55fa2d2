import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';

const folders: string[] = [];
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function startDemo() {
  const temporary = mkdtempSync(join(tmpdir(), 'allot-demo-interrupted-'));
  folders.push(temporary);
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', 'demo', '--units', '2000'], {
    cwd: new URL('../../../', import.meta.url),
    env: { ...process.env, TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => (said += text));
  const kept = (): string[] => readdirSync(temporary).filter((name) => name.startsWith('allot-demo'));
  return {
    child,
    kept,
    inIt: (path: string) => kept().map((name) => join(temporary, name, path)),
    said: () => said,
  };
}

describe('a demo that is interrupted', () => {
  it.each([
    [
      'SIGTERM',
      143,
      'while PostgreSQL starts',
      (demo: Demo) => demo.inIt('postgres/data/postmaster.pid').some(existsSync),
    ],
    ['SIGINT', 130, 'while units use the feed', (demo: Demo) => demo.said().includes('units use the feed')],
  ] as const)(
    'by %s ends with code %i when everything is stopped and its folder is gone: %s',
    { timeout: 60_000 },
    async (signal, code, _, isTime) => {
      const demo = startDemo();
      for (let i = 0; i < 3_000 && !isTime(demo); i += 1) await sleep(10);
      const [pidFile] = demo.inIt('postgres/data/postmaster.pid');
      const pid = Number(readFileSync(pidFile, 'utf8').split('\n')[0]);
      const ended = once(demo.child, 'exit', { signal: AbortSignal.timeout(40_000) });
      demo.child.kill(signal);
      expect(await ended, demo.said()).toEqual([code, null]);
      expect(demo.kept()).toEqual([]);
      expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
      expect(demo.said()).toMatch(/The demo was interrupted\.\n$/);
    },
  );
});

type Demo = ReturnType<typeof startDemo>;
