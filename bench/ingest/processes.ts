import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../src/ingest/main.ts', import.meta.url));
const MS_PER_TICK = 10;

/** A process of ingest as it runs in production. */
export class Consumer {
  readonly #environment: NodeJS.ProcessEnv;
  readonly #flags: readonly string[];
  #child: ChildProcess;
  /** CPU of those that were killed before. */
  #earlierCpuMs = 0;

  constructor(environment: NodeJS.ProcessEnv, flags: readonly string[]) {
    this.#environment = environment;
    this.#flags = flags;
    this.#child = this.#start();
  }

  #start(): ChildProcess {
    return spawn(process.execPath, [...this.#flags, '--import', 'tsx', main], {
      env: { ...process.env, ALLOT_LOG_LEVEL: 'error', ...this.#environment },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }

  cpuMs(): number {
    return this.#earlierCpuMs + cpuMsOf(this.#child.pid ?? -1);
  }

  async killAndStart(): Promise<void> {
    this.#earlierCpuMs = this.cpuMs();
    await this.stop('SIGKILL');
    this.#child = this.#start();
  }

  async stop(signal: 'SIGKILL' | 'SIGTERM' = 'SIGTERM'): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.kill(signal);
    await ended;
  }
}

/** User and system time of a process and of its children that have ended; 0 where there is no `/proc`. */
export function cpuMsOf(pid: number): number {
  const fields = fieldsOf(pid);
  return fields === null
    ? 0
    : [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at]) * MS_PER_TICK, 0);
}

/** Of a process and of all below it. */
export function cpuMsOfTree(root: number): number {
  let sum = cpuMsOf(root);
  for (const pid of pids()) if (Number(fieldsOf(pid)?.[1]) === root) sum += cpuMsOfTree(pid);
  return sum;
}

function pids(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

/** `/proc/PID/stat` from the state on: the name before it may hold spaces. */
function fieldsOf(pid: number): string[] | null {
  try {
    const text = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null;
  }
}
