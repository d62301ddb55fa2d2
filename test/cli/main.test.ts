import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandTable } from '../../src/cli/command-table.ts';
import { createProgram } from '../../src/cli/program.ts';

const root = join(import.meta.dirname, '..', '..');
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'allot-cli-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function allot(args: readonly string[], settings: Record<string, string> = {}): Promise<Result> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ['--import', 'tsx', join(root, 'src/cli/main.ts'), ...args],
      {
        cwd: root,
        env: { PATH: process.env['PATH'], HOME: folder, ALLOT_DATA_DIR: join(folder, 'data'), ...settings },
      },
      (_error, stdout, stderr) => resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

describe('the allot command', () => {
  it('explains itself: every command with a summary, examples, exit codes', async () => {
    const { code, stdout, stderr } = await allot(['--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const { name } of commandTable) expect(stdout).toMatch(new RegExp(`^ {2}${name} {2,}\\S`, 'm'));
    expect(stdout).toContain('Examples:');
    expect(stdout).toContain('Exit codes:');
  });

  it('prints the version of the package', async () => {
    const { default: pack } = (await import('../../package.json', { with: { type: 'json' } })) as {
      default: { version: string };
    };
    expect(await allot(['--version'])).toEqual({ code: 0, stdout: `${pack.version}\n`, stderr: '' });
  });

  it('answers an unknown command with a suggestion and exit code 2', async () => {
    const { code, stdout, stderr } = await allot(['doctr']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('Did you mean doctor?');
  });

  it('answers a missing flag with exit code 2 and nothing on standard output', async () => {
    const { code, stdout, stderr } = await allot(['keys', 'create']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('--role');
  });

  it('answers a broken setting with exit code 2, naming the variable but not its value', async () => {
    const { code, stdout, stderr } = await allot(['doctor'], { ALLOT_HTTP_PORT: 'hush-hush' });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('ALLOT_HTTP_PORT must be a whole number [config_invalid]');
    expect(stderr).not.toContain('hush-hush');
  });

  it.each(commandTable.map(({ name }) => name))('explains %s with an example', async (name) => {
    const program = await createProgram([name]);
    const command = program.commands.find((candidate) => candidate.name() === name);
    let help = '';
    command?.configureOutput({ writeOut: (text) => void (help += text) });
    command?.outputHelp();
    expect(help).toContain(`Usage: allot ${name}`);
    expect(help).toMatch(/example/i);
  });
});

describe('allot doctor', () => {
  it('reports every part as one array with --json', async () => {
    const { code, stdout } = await allot(['doctor', '--json']);
    const findings = JSON.parse(stdout) as { check: string; state: string; advice: string | null }[];
    expect(findings.map(({ check }) => check)).toEqual([
      'node',
      'data directory',
      'secrets',
      'artifacts',
      'journal',
      'database',
      'unit names',
      'brokers',
      'training',
    ]);
    expect(code).toBe(findings.some(({ state }) => state === 'failure') ? 1 : 0);
  });

  it('says what to do when the database and the brokers do not answer', async () => {
    const port = await closedPort();
    const { code, stdout } = await allot(['doctor', '--json'], {
      DATABASE_URL: `postgres://nobody@127.0.0.1:${port}/none`,
      KAFKA_BROKERS: `127.0.0.1:${port}`,
    });
    const failed = (JSON.parse(stdout) as { check: string; state: string; advice: string | null }[]).filter(
      ({ state }) => state === 'failure',
    );
    expect(code).toBe(1);
    expect(failed.map(({ check }) => check)).toEqual(['database', 'brokers']);
    for (const { advice } of failed) expect(advice).not.toBeNull();
  });
});

/** A port that was free a moment ago: nothing answers there. */
function closedPort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
