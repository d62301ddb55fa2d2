import type { Command } from 'commander';
import { AllotError } from '../../core/errors.ts';
import { withStores } from '../local/with-stores.ts';
import { print, printJson } from '../output.ts';
import { renderRun, renderRuns } from '../runs/render.ts';
import { viewOfRun } from '../runs/run-view.ts';

export function register(program: Command): void {
  program
    .command('runs')
    .description('list training and evaluation runs, or show one with its lineage')
    .argument('[id]', 'one run')
    .option('--surface <name>', 'only of this surface')
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
  readonly json?: boolean;
}

async function show(id: string | undefined, flags: RunsFlags): Promise<void> {
  await withStores(async ({ runs }) => {
    if (id === undefined) {
      const surface = flags.surface === undefined ? {} : { surface: flags.surface };
      const all = await runs.list(flags.tenant, surface);
      const listed = all.filter(({ kind }) => kind === 'training' || kind === 'evaluation').map(viewOfRun);
      if (flags.json === true) printJson({ runs: listed });
      else print(renderRuns(listed));
      return;
    }
    const run = await runs.find(flags.tenant, id);
    if (run === undefined) throw new AllotError('run_unknown', `there is no run ${id}`);
    if (flags.json === true) printJson(viewOfRun(run));
    else print(renderRun(viewOfRun(run)));
  });
}
