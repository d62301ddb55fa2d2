import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

export interface AllotProcess {
  readonly url: string;
  /** Printed by the first start on an empty database only. */
  readonly adminKey: string | null;
  readonly pid: number;
  /** SIGKILL: no handler runs. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

const root = new URL('../../', import.meta.url);

/** `allot start` as a user runs it, in a process of its own, on the given data directory and port. */
export async function startAllotProcess(options: {
  readonly dataDir: string;
  readonly port: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly isFirstStart?: boolean;
}): Promise<AllotProcess> {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', 'src/cli/main.ts', 'start', '--port', String(options.port)],
    {
      cwd: root,
      env: { ...process.env, ALLOT_DATA_DIR: options.dataDir, ALLOT_LOG_LEVEL: 'warn', ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const output = collect(child);
  const wanted = options.isFirstStart === true ? /Admin key[^:]*: (\S+)/ : /answers on (\S+)/;
  await output.until(wanted, 60_000);
  return {
    url: /answers on (\S+)/.exec(output.text())?.[1] ?? '',
    adminKey: /Admin key[^:]*: (\S+)/.exec(output.text())?.[1] ?? null,
    pid: child.pid ?? -1,
    kill: () => end(child, 'SIGKILL'),
    stop: () => end(child, 'SIGTERM'),
  };
}

async function end(child: ChildProcess, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}

function collect(child: ChildProcess) {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  }
  return {
    text: () => text,
    async until(pattern: RegExp, milliseconds: number): Promise<void> {
      const deadline = Date.now() + milliseconds;
      while (!pattern.test(text)) {
        if (child.exitCode !== null || Date.now() > deadline) {
          throw new Error(`allot start did not say ${String(pattern)}:\n${text}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
  };
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Of the embedded server under a data directory: its postmaster's process id. */
export function postmasterPid(dataDir: string): number {
  return Number(readFileSync(join(dataDir, 'postgres', 'data', 'postmaster.pid'), 'utf8').split('\n')[0]);
}
