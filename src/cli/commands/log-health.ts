import type { Command } from 'commander';
import type { LogHealthReport } from '../../../offline/log-health.ts';
import { AllotError } from '../../core/errors.ts';
import { print, printJson, table } from '../output.ts';
import { parseTime } from './snapshot.ts';

const help = `
Joins the range as a snapshot would and counts what it met: label windows, late events, orphans, deferred activation,
default outcomes, transitions, twins. Checks that propensities sum to 1, that the mean of 1/p matches the number of
supported actions, and that every action keeps support. Reads only.

Examples:
  allot log-health
  allot log-health --surface live-feed --from 2026-01-01 --until 2026-02-01 --json

Exit codes: 0 answered (whatever the health), 1 failed, 2 a flag or name breaks a rule.`;

export function register(program: Command): void {
  program
    .command('log-health')
    .description('is the log fit to learn and judge from')
    .option('--surface <name>', 'only this surface (default: all)')
    .option('--from <time>', 'decisions from this time on, ISO 8601 or ms (default: 7 days before --until)')
    .option('--until <time>', 'decisions before this time (default: now)')
    .option('--tenant <name>', 'whose surfaces', 'default')
    .option('--json', 'one array on standard output')
    .addHelpText('after', help)
    .action(logHealth);
}

interface Options {
  readonly surface?: string;
  readonly from?: string;
  readonly until?: string;
  readonly tenant: string;
  readonly json?: boolean;
}

const WEEK_MS = 7 * 86_400_000;

async function logHealth(options: Options): Promise<void> {
  const { readLogHealth } = await import('../../../offline/log-health.ts');
  const { withStores } = await import('../local/with-stores.ts');
  const now = Date.now();
  const until = options.until === undefined ? now : parseTime('--until', options.until);
  const from = options.from === undefined ? until - WEEK_MS : parseTime('--from', options.from);
  const reports = await withStores(async ({ surfaces, decisions }) => {
    const chosen = (await surfaces.list(options.tenant)).filter(
      ({ name }) => options.surface === undefined || name === options.surface,
    );
    if (chosen.length === 0) throw new AllotError('surface_unknown', 'there is no such surface');
    const { tenant } = options;
    const found: LogHealthReport[] = [];
    for (const surface of chosen)
      found.push(
        await readLogHealth({ reader: decisions, tenant, surface, from, until, asOf: Math.max(now, until) }),
      );
    return found;
  });
  if (options.json === true) printJson(reports);
  else print(reports.map(describe).join('\n\n'));
}

const share = (value: number | null): string => (value === null ? '–' : `${(100 * value).toFixed(2)} %`);
const number = (value: number | null): string =>
  value === null ? '–' : String(Number(value.toPrecision(4)));

function describe(report: LogHealthReport): string {
  const support = report.support.map((a) => [
    a.action,
    String(a.served),
    share(a.supportedShare),
    number(a.smallestProbability),
    number(a.meanProbability),
  ]);
  return [
    `${report.surface}, ${new Date(report.from).toISOString()} to ${new Date(report.until).toISOString()}`,
    table(['count', ''], [...joinRows(report), ...propensityRows(report)]),
    table(['action', 'served', 'supported', 'smallest p', 'mean p'], support),
    report.findings.length === 0
      ? 'nothing to look at'
      : report.findings.map((finding) => `LOOK: ${finding}`).join('\n'),
  ].join('\n');
}

function joinRows(report: LogHealthReport): string[][] {
  const defaults = Object.entries(report.defaultOutcomes).map(([name, n]) => `${name} ${n}`);
  return [
    ['decisions', `${report.decisions}, of them kept ${report.kept}`],
    [
      'never delivered (not activated)',
      `${report.undelivered}, of them pending ${report.pendingActivations}`,
    ],
    ['label window still open', String(report.immature)],
    ['window closed, session not', String(report.incomplete)],
    ['twins delivered, undelivered', `${report.twins}, ${report.undeliveredTwins}`],
    ['repeats, foreign', `${report.duplicates}, ${report.foreign}`],
    ['events outside their window', String(report.lateEvents)],
    ['events that came when it had closed', String(report.lateArrivals)],
    ['default outcomes', defaults.join(', ')],
    ['transitions, session ends', `${report.transitions}, ${report.sessionEnds}`],
    [
      'orphans: feedback that waits for its decision',
      `${report.orphans} (${share(report.lossShare)} of all feedback)`,
    ],
  ];
}

function propensityRows(report: LogHealthReport): string[][] {
  const { inversePropensity: inverse, delayQuantilesSeconds: delays } = report;
  const delay = Object.entries(delays ?? {}).map(([q, seconds]) => `${q} ${number(seconds)}`);
  return [
    ['forced', String(report.forced)],
    [
      'probabilities that do not sum to 1',
      `${report.brokenProbabilities} (largest deviation ${number(report.largestSumDeviation)})`,
    ],
    [
      'mean 1/p against supported actions',
      inverse === null
        ? '–'
        : `${number(inverse.mean)} against ${number(inverse.meanSupportedActions)} ± ${number(inverse.standardError)}`,
    ],
    ['rewards arrive after (s)', delay.join(', ') || '–'],
  ];
}
