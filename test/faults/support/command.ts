import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { FaultContext } from '../scenario.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

type Environment = Readonly<Record<string, string>>;

/** One `allot` command as a person types it. */
export interface Command {
  readonly words: readonly string[];
  readonly environment: Environment;
}

/** Its result with `--json`, and how long it took. */
export interface Finished {
  readonly result: Readonly<Record<string, unknown>>;
  readonly durationMs: number;
}

/** Runs it to its end; throws with its last words where it fails. */
export async function finished(command: Command): Promise<Finished> {
  const startedAt = Date.now();
  const child = start(command);
  let said = '';
  let errors = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (said += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (errors = (errors + text).slice(-4_000)));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`allot ${command.words.join(' ')} ended with ${String(code)}:\n${errors}`);
  return {
    result: JSON.parse(said) as Finished['result'],
    durationMs: Date.now() - startedAt,
  };
}

/** SIGKILL at `times` moments of the seed's choice within its duration, then once to its end. */
export async function killedAndRepeated(
  context: FaultContext,
  command: Command,
  { durationMs, times }: { readonly durationMs: number; readonly times: number },
): Promise<{ readonly deaths: number; readonly result: Finished['result'] }> {
  let deaths = 0;
  for (let n = 0; n < times; n += 1) {
    const child = start(command);
    child.stdout?.resume();
    child.stderr?.resume();
    const ended = once(child, 'close');
    await Promise.race([ended, sleep((0.2 + 0.75 * context.random.uniform()) * durationMs)]);
    if (child.exitCode !== null) continue;
    child.kill('SIGKILL');
    context.killed();
    deaths += 1;
    await ended;
  }
  return { deaths, result: (await finished(command)).result };
}

function start({ words, environment }: Command): ChildProcess {
  return spawn(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', ...words, '--json'], {
    cwd: root,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}
