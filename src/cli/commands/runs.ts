import type { Command } from 'commander';
import { AllotError } from '../../core/errors.ts';
import { withStores } from '../local/with-stores.ts';
import { note, print, printJson } from '../output.ts';
import { positiveInteger } from '../parse-numbers.ts';
import { renderRun, renderRuns } from '../runs/render.ts';
import { viewOfRun } from '../runs/run-view.ts';

export function register(program: Command): void {
  program
    .command('runs')
    .description('list training and evaluation runs, or show one with its lineage')
    .argument('[id]', 'one run')
    .option('--surface <name>', 'only of this surface')
    .option('--limit <n>', 'so many of the newest', positiveInteger, 100)
    .option('--before <id>', 'those before this run')
    .option('--tenant <name>', 'whose runs', 'default')
    .option('--json', 'one object on standard output')
    .addHelpText(
      'after',
      '\nExamples:\n  allot runs --surface live-feed\n  allot runs 4f1c… --json\n\nExit codes: 0 answered, 1 failed, 2 no such run.',
    )
    .action(show);
}

interface RunsFlags {
  readonly surface?: string;
  readonly tenant: string;
  readonly limit: number;
  readonly before?: string;
  readonly json?: boolean;
}

async function show(id: string | undefined, flags: RunsFlags): Promise<void> {
  await withStores(async ({ runs }) => {
    if (id === undefined) {
      const { surface, limit, before } = flags;
      const page = await runs.list(flags.tenant, {
        kinds: ['training', 'evaluation'],
        limit,
        ...(surface === undefined ? {} : { surfaces: [surface] }),
        ...(before === undefined ? {} : { before }),
      });
      const listed = page.runs.map(viewOfRun);
      if (flags.json === true) printJson({ runs: listed, next: page.next });
      else {
        print(renderRuns(listed));
        if (page.next !== null) note(`older ones: --before ${page.next}`);
      }
      return;
    }
    const run = await runs.find(flags.tenant, id);
    if (run === undefined) throw new AllotError('run_unknown', `there is no run ${id}`);
    if (flags.json === true) printJson(viewOfRun(run));
    else print(renderRun(viewOfRun(run)));
  });
}
