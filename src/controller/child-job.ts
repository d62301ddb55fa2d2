import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { nodeFlags, sibling } from '../runtime/start-host.ts';
import type { RunKind } from '../service/ports/runs.ts';
import { endWithParentFlags } from './end-with-parent.ts';

const commands: Readonly<Record<RunKind, string>> = {
  snapshot: 'snapshot',
  training: 'train',
  evaluation: 'evaluate',
  promotion: 'promote',
};

export interface ChildOutcome {
  readonly exitCode: number;
  /** Set when it did not end by itself: by whom is not known (a person, the out-of-memory killer). */
  readonly killedBy: NodeJS.Signals | null;
  /** Standard output: with `--run` and `--json`, the job's result as one object, or `{error: {code, message}}`. */
  readonly output: string;
  /** The end of what it said on standard error: stack traces and paths, for the log and the operator. */
  readonly lastWords: string;
}

export interface ChildJobOptions {
  /** Environment of the child: settings reach it the way they reached us. */
  readonly environment: Readonly<Record<string, string>>;
  /** Called with every line of the child's standard error. */
  readonly onLine?: (line: string) => void;
  /** Ends the child (SIGTERM) when aborted. */
  readonly signal?: AbortSignal;
}

/**
 * Runs one queued job as `allot <command> --run <id> --json` in a process of its own, so that neither its memory nor its
 * computing touches the process that decides. Works from the sources (through tsx) and from `dist`. The job's process ends with
 * this one: another controller begins the job again.
 */
export function runChildJob(
  kind: RunKind,
  runId: string,
  tenant: string,
  options: ChildJobOptions,
): Promise<ChildOutcome> {
  return runCli([commands[kind], '--run', runId, '--tenant', tenant, '--json'], options);
}

/** One `allot` command line in a process of its own; resolves when it has ended, however it ended. */
export function runCli(
  words: readonly string[],
  { environment, onLine, signal }: ChildJobOptions,
): Promise<ChildOutcome> {
  const argv = [...endWithParentFlags(), ...nodeFlags(cliMain), fileURLToPath(cliMain), ...words];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, argv, {
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(signal === undefined ? {} : { signal, killSignal: 'SIGTERM' as const }),
    });
    // The end of a thread is no end of its process: its jobs are begun again elsewhere.
    const endWithUs = (): void => void child.kill('SIGKILL');
    // eslint-disable-next-line no-restricted-syntax -- it ends the child, not the process; in a thread it is the thread's end
    process.once('exit', endWithUs);
    const tail: string[] = [];
    let rest = '';
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        onLine?.(line);
        if (tail.push(line) > 20) tail.shift();
      }
    });
    child.on('error', (error) => (signal?.aborted === true ? undefined : reject(error)));
    child.on('close', (code, killedBy) => {
      process.off('exit', endWithUs);
      const lastWords = [...tail, rest].join('\n').trim().slice(-MOST_LAST_WORDS);
      const howItEnded = killedBy === null ? lastWords : `killed by ${killedBy}\n${lastWords}`;
      resolve({ exitCode: code ?? 1, killedBy, output, lastWords: howItEnded });
    });
  });
}

const MOST_LAST_WORDS = 4_000;
const cliMain = sibling(import.meta.url, '../cli/main');
