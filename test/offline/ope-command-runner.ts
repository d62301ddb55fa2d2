import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Command, CommanderError } from 'commander';
import type { OpeResult } from '../../offline/ope/ope-result.ts';
import { register } from '../../src/cli/commands/ope.ts';
import { exitCodeOf, exitCodes } from '../../src/cli/exit-codes.ts';
import { describeFailure } from '../../src/cli/output.ts';

export const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Answer {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the real command line in a child process. */
export function allot(...args: string[]): Promise<Answer> {
  return new Promise((resolve) => {
    const all = ['--import', 'tsx', 'src/cli/main.ts', 'ope', ...args];
    execFile(process.execPath, all, { cwd: root, maxBuffer: 1e8 }, (error, out, err) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err });
    });
  });
}

/** The same command in this process: what `src/cli/main.ts` does around it, without the start of a process. */
export async function allotHere(...args: string[]): Promise<Answer> {
  let [out, err] = ['', ''];
  const program = new Command('allot').exitOverride();
  register(program);
  for (const command of program.commands) {
    command.exitOverride().configureOutput({
      writeOut: (text) => (out += text),
      writeErr: (text) => (err += text),
    });
  }
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = (text: string | Uint8Array): boolean => {
    out += String(text);
    return true;
  };
  try {
    await program.parseAsync(['ope', ...args], { from: 'user' });
    return { code: Number(process.exitCode ?? 0), out, err };
  } catch (error) {
    if (error instanceof CommanderError) {
      return { code: error.exitCode === 0 ? exitCodes.ok : exitCodes.badInput, out, err };
    }
    return { code: exitCodeOf(error), out, err: err + describeFailure(error) };
  } finally {
    process.stdout.write = write;
    process.exitCode = 0;
  }
}

/** JSON as a reader of the command sees it. */
export const resultOf = ({ out }: Answer): OpeResult => JSON.parse(out) as OpeResult;
