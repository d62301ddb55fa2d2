import { availableParallelism } from 'node:os';
import { Argument, type Command, InvalidArgumentError } from 'commander';
import { exitCodes } from '../exit-codes.ts';
import { print, printJson } from '../output.ts';
import { createProgress } from '../progress.ts';

const proofs = ['laws', 'goldens', 'obp-table', 'coverage', 'sequential', 'traps'] as const;

interface StudyFlags {
  readonly repetitions?: number;
  readonly short?: true;
  readonly workers: number;
  readonly seed: number;
  readonly json?: true;
  readonly markdown?: true;
}

const help = `
judging: the proofs of off-policy evaluation (docs/judging.md), all of them or one:
  laws        laws of every estimator and interval            goldens   numbers of other implementations
  obp-table   the published table, remade                     coverage  every interval, regime by regime
  sequential  sessions against exact values                   traps     logs that must be refused or flagged

laws, goldens, sequential and traps run tests of the repository; the others compute. Answers depend on the
seed, not on the number of workers. Exit code 0 when everything claimed holds, 1 otherwise.

Examples:
  npm run study -- judging
  npm run study -- judging coverage --repetitions 2000 --markdown`;

export function register(program: Command): void {
  program
    .command('study')
    .description('run a study of the repository and print its table')
    .addArgument(new Argument('<subject>', 'what is studied').choices(['judging']))
    .addArgument(new Argument('[proof]', 'one of its proofs (default: all)').choices(proofs))
    .option('--repetitions <n>', 'repetitions (obp-table: runs; unless told as documented)', positiveInteger)
    .option('--short', 'the quick form that the test suite runs')
    .option('--workers <n>', 'threads', positiveInteger, Math.min(8, availableParallelism()))
    .option('--seed <seed>', 'seed', positiveInteger, 1)
    .option('--markdown', 'tables as in the documentation')
    .option('--json', 'one object on standard output')
    .addHelpText('after', help)
    .action(run);
}

async function run(_subject: string, proof: string | undefined, flags: StudyFlags): Promise<void> {
  const { judgingProofs } = await import('../../../offline/reproductions/judging.ts');
  const { isProven, toMarkdown, toText } = await import('../../../offline/reproductions/study-table.ts');
  const progress = createProgress({ quiet: flags.json === true });
  const chosen = proofs.filter((name) => proof === undefined || name === proof);
  const results = [];
  for (const name of chosen) {
    const tables = await judgingProofs[name]({
      repetitions: flags.repetitions,
      isShort: flags.short === true,
      workers: flags.workers,
      seed: flags.seed,
      progress,
    });
    results.push({ proof: name, isProven: isProven(tables), tables });
    if (flags.json !== true) print(tables.map(flags.markdown === true ? toMarkdown : toText).join('\n'));
  }
  if (flags.json === true) {
    const { seed, repetitions = null, short = false } = flags;
    printJson({ subject: 'judging', settings: { seed, repetitions, short }, results });
  }
  process.exitCode = results.every((result) => result.isProven) ? exitCodes.ok : exitCodes.failure;
}

function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError('It must be a whole number of at least 1.');
  return value;
}
