import { CommanderError, type Command } from 'commander';
import { exitCodeOf, exitCodes } from '../../../src/cli/exit-codes.ts';
import { describeFailure } from '../../../src/cli/output.ts';
import { createProgram } from '../../../src/cli/program.ts';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** One command line as `src/cli/main.ts` runs it, in this process: a second or so cheaper than a process of its own. */
export async function runCommand(...words: readonly string[]): Promise<Ran> {
  const streams = [process.stdout, process.stderr] as const;
  const written = ['', ''];
  const writes = streams.map((stream) => stream.write.bind(stream));
  streams.forEach((stream, i) => {
    stream.write = (text: string | Uint8Array): boolean => {
      written[i] += String(text);
      return true;
    };
  });
  try {
    const code = await codeOf(words);
    return { code, stdout: written[0], stderr: written[1] };
  } catch (error) {
    return { code: exitCodeOf(error), stdout: written[0], stderr: `${written[1]}${describeFailure(error)}` };
  } finally {
    streams.forEach((stream, i) => (stream.write = writes[i]));
  }
}

async function codeOf(words: readonly string[]): Promise<number> {
  const program = await createProgram(words);
  throwInsteadOfExiting(program);
  try {
    await program.parseAsync([...words], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? exitCodes.ok : exitCodes.badInput;
  }
  return exitCodes.ok;
}

function throwInsteadOfExiting(program: Command): void {
  program.exitOverride();
  for (const command of program.commands) throwInsteadOfExiting(command);
}
