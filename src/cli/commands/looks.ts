import { Option, type Command } from 'commander';
import { exitCodes } from '../exit-codes.ts';
import { marginOf, seriesOptions, type LooksFlags } from '../looks/flags.ts';
import { looksHelp } from '../looks/help.ts';
import { print, printJson } from '../output.ts';
import * as number from '../parse-numbers.ts';

export function register(program: Command): void {
  const command = program
    .command('looks')
    .description('verdicts on anybody’s A/B tests, look by look, that looking often does not fool')
    .argument('<file>', 'a .csv, .jsonl (both also .gz) or .parquet file, a row per pair, metric and look');
  columnOptions(command);
  verdictOptions(command);
  command
    .optionsGroup('Output:')
    .option('--every-look', 'the verdict at each look')
    .addOption(
      new Option('--fail-on <state>', 'exit code 1 when a pair is so').choices(['fail', 'inconclusive']),
    )
    .option('--json', 'one object on standard output')
    .addHelpText('after', looksHelp)
    .action(run);
}

function columnOptions(command: Command): void {
  command
    .optionsGroup('Columns:')
    .option('--experiment <column>', 'the experiment')
    .option('--variant <column>', 'the treatment within it')
    .option('--metric <column>', 'the metric')
    .option('--time <column>', 'numbers or dates that order the looks')
    .option('--control-n <column>', 'units of control so far')
    .option('--control-mean <column>', 'mean over them')
    .option('--control-variance <column>', 'variance over them')
    .option('--treatment-n <column>', 'units of treatment so far')
    .option('--treatment-mean <column>', 'mean over them')
    .option('--treatment-variance <column>', 'variance over them')
    .option('--binary [metrics...]', 'metrics that are 0 or 1 for every unit (without names: all)');
}

function verdictOptions(command: Command): void {
  command
    .optionsGroup('Verdict:')
    .option(
      '--level <level>',
      'level of the intervals, for all looks of a pair together',
      number.openUnit,
      0.95,
    )
    .addOption(
      new Option('--method <method>', 'how to test')
        .choices(['confidence-sequence', 'msprt', 'fixed'])
        .default('confidence-sequence'),
    )
    .option(
      '--guardrail <margin>',
      'tolerated harm: a number, or a percentage of control as in 0.5%',
      marginOf,
    )
    .addOption(new Option('--direction <way>', 'which way is better').choices(['up', 'down']).default('up'))
    .option('--min-units <n>', 'units in each arm before there is a verdict', number.positiveInteger, 100)
    .option('--tuned-at <n>', 'units of both arms at which the sequence is tightest', number.positive)
    .option('--mixture-sd <τ>', 'of msprt: standard deviation of plausible effects', number.positive);
}

async function run(path: string, flags: LooksFlags): Promise<void> {
  const { readLooks } = await import('../../../offline/tabular/look-file.ts');
  const { judgePairs, pairJson } = await import('../looks/judge-pairs.ts');
  const binary = flags.binary === true ? 'all' : (flags.binary ?? []);
  const file = await readLooks(path, { ...flags, binary });
  const options = seriesOptions(flags);
  const judged = judgePairs(file, options);
  const isEveryLook = flags.everyLook === true;
  if (flags.json === true) {
    printJson({
      pairs: judged.map((one) => pairJson(one, file.timeLabel, isEveryLook)),
      settings: { level: flags.level, ...options },
    });
  } else {
    const { renderLooks } = await import('../looks/render.ts');
    print(renderLooks(judged, file, options, isEveryLook));
  }
  const isFound = judged.some(({ verdict }) => verdict.state === flags.failOn);
  process.exitCode = isFound ? exitCodes.failure : exitCodes.ok;
}
