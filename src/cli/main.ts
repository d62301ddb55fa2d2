#!/usr/bin/env node
import { CommanderError } from 'commander';
import { exitCodeOf, exitCodes } from './exit-codes.ts';
import { describeFailure, note, printJson, safeFailure } from './output.ts';
import { createProgram } from './program.ts';

/** Runs one command line; the exit code is set, not forced, so that what is still being written gets out. */
async function main(argv: readonly string[]): Promise<void> {
  try {
    const program = await createProgram(argv);
    throwInsteadOfExiting(program);
    if (argv.length === 0) program.outputHelp();
    else await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? exitCodes.ok : exitCodes.badInput;
      return;
    }
    note(describeFailure(error));
    if (isJob(argv)) printJson({ error: safeFailure(error) });
    process.exitCode = exitCodeOf(error);
  }
}

/** A controller reads the answer, and shows it to whoever may see the run. */
const isJob = (argv: readonly string[]): boolean => argv.includes('--run') && argv.includes('--json');

type Program = Awaited<ReturnType<typeof createProgram>>;

/** Commander's own exits become exceptions, for sub-commands too: a wrong flag is bad input (2), not failure (1). */
function throwInsteadOfExiting(program: Program): void {
  program.exitOverride();
  for (const command of program.commands) throwInsteadOfExiting(command);
}

/** A reader that has seen enough (`allot ope … | head`) is no failure. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(exitCodes.ok);
});

await main(process.argv.slice(2));
