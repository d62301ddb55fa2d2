import { Option, type Command } from 'commander';
import type { ArrivalColumns } from '../../../offline/tabular/arrival-file.ts';
import { exitCodes } from '../exit-codes.ts';
import { print, printJson } from '../output.ts';
import * as number from '../parse-numbers.ts';
import { srmHelp } from '../srm/help.ts';

interface SrmFlags extends Omit<ArrivalColumns, 'isCumulative'> {
  readonly alpha: number;
  readonly cumulative?: true;
  readonly all?: true;
  readonly failOn?: 'mismatch';
  readonly json?: true;
}

export function register(program: Command): void {
  program
    .command('srm')
    .description('sample ratio check of anybody’s experiments, per group and over time')
    .argument(
      '<file>',
      'a .csv, .jsonl (both also .gz) or .parquet file, a row per variant (and span of time)',
    )
    .optionsGroup('Columns:')
    .option('--group <column>', 'what is checked apart: the experiment (default: one group)')
    .option('--variant <column>', 'the variant')
    .option('--count <column>', 'units assigned to it')
    .option('--expected <column>', 'its expected share (default: an equal split)')
    .option('--time <column>', 'numbers or dates: the check over time')
    .option('--period <column>', 'mismatches by the values of this column')
    .optionsGroup('Verdict:')
    .option('--alpha <α>', 'error of each group, over all its looks', number.openUnit, 0.001)
    .option('--cumulative', 'counts are totals so far, not new units')
    .optionsGroup('Output:')
    .option('--all', 'every group, not only the worst')
    .addOption(new Option('--fail-on <verdict>', 'exit code 1 when a group is so').choices(['mismatch']))
    .option('--json', 'one object on standard output')
    .addHelpText('after', srmHelp)
    .action(run);
}

async function run(path: string, flags: SrmFlags): Promise<void> {
  const { readArrivals } = await import('../../../offline/tabular/arrival-file.ts');
  const { byPeriod, groupJson, judgeGroups, mismatchShare } = await import('../srm/judge-groups.ts');
  const file = await readArrivals(path, { ...flags, isCumulative: flags.cumulative === true });
  const judged = judgeGroups(file, flags.alpha);
  const hasTime = flags.time !== undefined;
  if (flags.json === true) {
    const { period: _, ...summary } = mismatchShare(null, judged);
    printJson({
      groups: judged.map((one) => groupJson(one, file.timeLabel, hasTime)),
      ...(flags.period === undefined ? {} : { periods: byPeriod(judged) }),
      summary,
      settings: { alpha: flags.alpha, expected: flags.expected ?? 'equal split' },
    });
  } else {
    const { renderSrm } = await import('../srm/render.ts');
    print(renderSrm(judged, file, { alpha: flags.alpha, hasTime, isAll: flags.all === true }));
  }
  const isFound = judged.some(({ verdict }) => verdict.verdict === flags.failOn);
  process.exitCode = isFound ? exitCodes.failure : exitCodes.ok;
}
