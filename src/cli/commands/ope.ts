import { type Command, InvalidArgumentError } from 'commander';
import { evaluateLog } from '../../core/ope/evaluate-log.ts';
import { changedLimits, defaultLimits, type OpeLimits } from '../../core/ope/limits.ts';
import { isRefusal, type OpeReport } from '../../core/ope/report.ts';
import { exitCodes } from '../exit-codes.ts';
import { givenLimits, limitFlags } from '../ope/limit-flags.ts';
import { logColumns, type ColumnFlags } from '../ope/log-columns.ts';
import { renderReport } from '../ope/render.ts';
import { print, printJson } from '../output.ts';

interface OpeFlags extends ColumnFlags {
  readonly clip?: number;
  readonly level: number;
  readonly resamples: number;
  readonly seed: number;
  readonly json?: true;
}

const help = `
The evaluated policy is given either by the probability of the logged action (one column) or by a
distribution (a column per action: prefix0 … prefixK-1; actions are then the indexes 0 … K-1). A
reward model (prefix0 … prefixK-1, cross-fitted by unit) adds the direct method and doubly robust.

Example:
  allot ope log.csv --action a --reward click --propensity p --evaluation-distribution pi_ --unit user

Exit codes: 0 answered, 2 unreadable input, 3 every estimate refused. See docs/ope.md.`;

export function register(program: Command): void {
  const command = program
    .command('ope')
    .description('value a policy from the log of another one (off-policy evaluation)')
    .argument('<file>', 'a .csv, .jsonl (both also .gz) or .parquet file, a row per decision')
    .requiredOption('--action <column>', 'the action that was served')
    .requiredOption('--reward <column>', 'a response; repeat for several', collect)
    .requiredOption('--propensity <column>', 'probability with which the action was served')
    .option('--evaluation-probability <column>', 'the evaluated policy: its probability of the logged action')
    .option('--evaluation-distribution <prefix>', 'the evaluated policy: a column per action')
    .option('--reward-model <prefix>', 'q̂ per action; <reward>=<prefix> with several rewards', collect)
    .option('--unit <column>', 'what was randomised, e.g. the user (default: every row)')
    .option('--clip <c>', 'clip weights at c; reported, and the estimate covers its clipped target', positive)
    .option('--level <level>', 'level of the intervals', openUnit, 0.95)
    .option('--resamples <n>', 'bootstrap resamples', positiveInteger, 1000)
    .option('--seed <seed>', 'seed of the bootstrap', integer, 1)
    .option('--json', 'one object on standard output')
    .addHelpText('after', help);
  for (const { flag, limit, meaning } of limitFlags) {
    command.option(`--${flag} <number>`, `${meaning} (default: ${defaultLimits[limit]})`, notNegative);
  }
  command.action(run);
}

async function run(file: string, flags: OpeFlags): Promise<void> {
  const columns = logColumns(flags);
  const { readBanditLog } = await import('../../../offline/tabular/bandit-log-file.ts');
  const { log, policy, rewardModels, locate, hasUnits } = await readBanditLog(file, columns);
  const limits = { ...defaultLimits, ...givenLimits({ ...flags }) };
  const { clip, level, resamples, seed } = flags;
  const report = sayChangedLimits(
    evaluateLog(log, policy, {
      level,
      resamples,
      seed,
      rewardModels,
      limits,
      locate,
      ...(clip === undefined ? {} : { clip }),
    }),
    limits,
  );
  const policyName =
    policy.kind === 'distribution'
      ? `${flags.evaluationDistribution}0 … ${flags.evaluationDistribution}${policy.actionCount - 1}`
      : `${flags.evaluationProbability} (of the logged action)`;
  const changed = changedLimits(limits);
  if (flags.json === true)
    printJson({ ...report, settings: { level, resamples, seed, changedLimits: changed } });
  else {
    const header = {
      file,
      hasUnits,
      policy: policyName,
      level,
      resamples,
      seed,
      clip,
      changedLimits: changed,
    };
    print(renderReport(report, header));
  }
  process.exitCode = report.estimates.every(isRefusal) ? exitCodes.refusal : exitCodes.ok;
}

/** A number that rests on loosened limits says so itself, wherever it is copied to. */
function sayChangedLimits(report: OpeReport, limits: OpeLimits): OpeReport {
  const changed = Object.entries(changedLimits(limits)).map(([name, value]) => `${name} = ${value}`);
  if (changed.length === 0) return report;
  const warning = { code: 'limits_changed', reason: `limits were changed by flags: ${changed.join(', ')}` };
  return {
    ...report,
    estimates: report.estimates.map((e) => (isRefusal(e) ? e : { ...e, warnings: [...e.warnings, warning] })),
  };
}

const collect = (value: string, previous: readonly string[] | undefined): readonly string[] => [
  ...(previous ?? []),
  value,
];

function numberThat(rule: string, holds: (value: number) => boolean): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? NaN : Number(text);
    if (!Number.isFinite(value) || !holds(value)) throw new InvalidArgumentError(`It must be ${rule}.`);
    return value;
  };
}

const positive = numberThat('a number above 0', (value) => value > 0);
const notNegative = numberThat('a number of at least 0', (value) => value >= 0);
const openUnit = numberThat('a number between 0 and 1', (value) => value > 0 && value < 1);
const positiveInteger = numberThat('a whole number of at least 1', (v) => Number.isSafeInteger(v) && v >= 1);
const integer = numberThat('a whole number', (value) => Number.isSafeInteger(value));
