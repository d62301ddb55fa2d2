import { availableParallelism } from 'node:os';
import { Argument, type Command } from 'commander';
import { AllotError } from '../../core/errors.ts';
import { exitCodes } from '../exit-codes.ts';
import { note, print, printJson } from '../output.ts';
import { createProgress } from '../progress.ts';
import type { StudyOutcome, StudySubject } from '../study/subject.ts';
import { subjects } from '../study/subjects.ts';
import { DEFAULT_WORLD, readWorld } from '../study/world-files.ts';
import { positiveInteger } from '../parse-numbers.ts';

interface Flags {
  readonly world?: readonly string[];
  readonly seeds: number;
  readonly seed: number;
  readonly units?: number;
  readonly repetitions?: number;
  readonly short?: true;
  readonly mainOnly?: true;
  readonly keep?: string;
  readonly workers: number;
  readonly json?: true;
  readonly markdown?: true;
}

const subjectLines = subjects
  .map(({ name, summary, parts }) => {
    const list = parts.length > 1 ? `\n                 parts: ${parts.join(', ')}` : '';
    return `  ${name.padEnd(14)} ${summary}${list}`;
  })
  .join('\n');

const help = `
Subjects:
${subjectLines}

Answers depend on the seeds, not on the number of workers. Exit code 0 when everything claimed holds, 1 otherwise.
--world takes worlds as JSON (docs/worlds.md), one or several; "default" is the study's own.

Examples:
  npm run study -- judging coverage --repetitions 2000 --markdown
  npm run study -- learning two-stage --seeds 5
  allot study two-stage --world my-world.json --seeds 5 --json`;

export function register(program: Command): void {
  program
    .command('study')
    .description('run a study of the repository and print its tables')
    .addArgument(new Argument('<subject>', 'what is studied').choices(subjects.map(({ name }) => name)))
    .argument('[parts...]', 'some of its parts (default: all)')
    .option('--world <file...>', 'learning studies: worlds to run on (default: the study’s own)')
    .option('--seeds <n>', 'learning studies: number of seeds, counted from --seed', positiveInteger, 5)
    .option('--units <n>', 'learning studies: units of the log that is learned from', positiveInteger)
    .option('--repetitions <n>', 'judging: repetitions (obp-table: runs)', positiveInteger)
    .option('--short', 'few seeds and small logs: shows that it runs, resolves little')
    .option('--main-only', 'learning studies: without the sweep of λ and the ablations')
    .option('--keep <file>', 'two-stage, multi-group, estimates: keep finished runs here and go on from them')
    .option('--workers <n>', 'processes at once', positiveInteger, Math.min(8, availableParallelism()))
    .option('--seed <seed>', 'first seed', positiveInteger, 1)
    .option('--markdown', 'tables as in the documentation')
    .option('--json', 'one object on standard output')
    .addHelpText('after', help)
    .action(run);
}

async function run(name: string, parts: readonly string[], flags: Flags): Promise<void> {
  const subject = subjects.find((row) => row.name === name) as StudySubject;
  refuseUnknownParts(subject, parts);
  if (flags.short === true && flags.json !== true)
    note('--short shows that the study runs: few seeds and small logs leave much of it "not resolved"');
  const outcomes: StudyOutcome[] = [];
  const progress = createProgress({ quiet: flags.json === true });
  const worlds = await Promise.all((flags.world ?? [DEFAULT_WORLD]).map(readWorld));
  for (const world of worlds)
    for (const chosen of subject.parts.filter((one) => parts.length === 0 || parts.includes(one))) {
      const outcome = await subject.run(chosen, {
        seeds: Array.from({ length: flags.seeds }, (_, k) => flags.seed + k),
        seed: flags.seed,
        repetitions: flags.repetitions,
        units: flags.units ?? null,
        workers: flags.workers,
        isShort: flags.short === true,
        isMainOnly: flags.mainOnly === true,
        keepIn: flags.keep ?? null,
        world,
        progress,
      });
      outcomes.push(outcome);
      if (flags.json !== true) print(flags.markdown === true ? outcome.markdown : outcome.text);
    }
  if (flags.json === true) printJson(jsonOf(subject, outcomes, flags));
  process.exitCode = outcomes.every(({ isProven }) => isProven) ? exitCodes.ok : exitCodes.failure;
}

/** One study on one world is its own answer; several are a list. */
function jsonOf(subject: StudySubject, outcomes: readonly StudyOutcome[], flags: Flags): unknown {
  if (subject.isOnWorlds && outcomes.length === 1) return outcomes[0].json;
  const { seed, seeds, repetitions = null, short = false } = flags;
  const settings = subject.isOnWorlds ? { seed, seeds, short } : { seed, repetitions, short };
  return { subject: subject.name, settings, results: outcomes.map(({ json }) => json) };
}

function refuseUnknownParts({ name, parts }: StudySubject, asked: readonly string[]): void {
  const unknown = asked.find((part) => !parts.includes(part));
  if (unknown === undefined) return;
  throw new AllotError('config_invalid', `${name} has the parts ${parts.join(', ')} (asked: ${unknown})`);
}
