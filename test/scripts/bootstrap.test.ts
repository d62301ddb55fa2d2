import { execFileSync, spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');

/** Stands for the test runner: says what it got, then waits for a signal or ends with the code it was asked for. */
const runner = `
process.on('SIGTERM', () => process.exit(9));
console.log(JSON.stringify(process.argv.slice(2)));
if (process.argv.includes('wait')) {
  setInterval(() => undefined, 1000);
} else process.exit(Number(process.argv.at(-1)));
`;

let tree: string;
beforeAll(() => {
  tree = mkdtempSync(join(tmpdir(), 'allot-bootstrap-'));
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), text);
  };
  write('runner/package.json', JSON.stringify({ name: 'vitest', version: '1.0.0' }));
  write('runner/vitest.mjs', runner);
  write(
    'package.json',
    JSON.stringify({
      name: 'tree',
      version: '1.0.0',
      type: 'module',
      engines: { node: '>=20.19' },
      devDependencies: { vitest: 'file:runner' },
    }),
  );
  mkdirSync(join(tree, 'scripts'));
  copyFileSync(join(root, 'scripts', 'bootstrap.mjs'), join(tree, 'scripts', 'bootstrap.mjs'));
  execFileSync('npm', ['install', '--package-lock-only', '--offline', '--no-audit', '--no-fund'], {
    cwd: tree,
  });
});
afterAll(() => rmSync(tree, { recursive: true, force: true }));

interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function bootstrap(args: readonly string[], onOutput?: (pid: number) => void): Promise<Run> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(tree, 'scripts', 'bootstrap.mjs'), ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
      onOutput?.(child.pid ?? 0);
    });
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

describe('scripts/bootstrap.mjs', () => {
  it('installs what is missing, says so on standard error only, and ends with the code of what it ran', async () => {
    expect(existsSync(join(tree, 'node_modules'))).toBe(false);
    const { code, stdout, stderr } = await bootstrap(['test', '7']);
    expect(code).toBe(7);
    expect(stdout.trim()).toBe(JSON.stringify(['run', '--root', tree, '7']));
    expect(stderr).toContain('Installing packages');
  });

  it('does not install again while the lock file is the same', async () => {
    const { code, stderr } = await bootstrap(['test', '0']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  it('passes SIGTERM on and waits for the end', async () => {
    const { code } = await bootstrap(['test', 'wait'], (pid) => process.kill(pid, 'SIGTERM'));
    expect(code).toBe(9);
  });

  it('refuses a task that it does not know', async () => {
    const { code, stdout, stderr } = await bootstrap(['tset']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('usage:');
  });
});
