import type { Command } from 'commander';
import { AllotError } from '../../core/errors.ts';
import { withStores } from '../local/with-stores.ts';
import { print, printJson } from '../output.ts';
import { compareRuns } from '../runs/compare-runs.ts';
import { renderComparison } from '../runs/render.ts';
import { viewOfRun, type RunView } from '../runs/run-view.ts';

export function register(program: Command): void {
  program
    .command('compare')
    .description('two runs side by side: config, metrics, action rates, lineage')
    .argument('<first>', 'id of a run')
    .argument('<second>', 'id of another one')
    .option('--tenant <name>', 'whose runs', 'default')
    .option('--json', 'one object on standard output')
    .addHelpText(
      'after',
      '\nExample:\n  allot compare 4f1c… 9a02…\n\nExit codes: 0 answered, 1 failed, 2 no such run.',
    )
    .action(compare);
}

async function compare(
  first: string,
  second: string,
  flags: { readonly tenant: string; readonly json?: boolean },
): Promise<void> {
  const comparison = await withStores(async ({ runs }) => {
    const found: RunView[] = [];
    for (const id of [first, second]) {
      const run = await runs.find(flags.tenant, id);
      if (run === undefined) throw new AllotError('run_unknown', `there is no run ${id}`);
      found.push(viewOfRun(run));
    }
    return compareRuns(found[0], found[1]);
  });
  if (flags.json === true) printJson(comparison);
  else print(renderComparison(comparison));
}
