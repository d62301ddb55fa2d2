import { type Command, InvalidArgumentError } from 'commander';
import type { RetentionReport } from '../../postgres/retention.ts';
import { print, printJson, table } from '../output.ts';

const DAY_MS = 86_400_000;

const help = `
Days are whole and UTC, and follow the time of the decision: feedback goes with its decision. Snapshots keep what they
hold. A late event of a day that is gone is dropped and counted; \`allot import\` may bring old days on purpose, until the next
run. What keeps forgotten units away stays for 400 days at least, however short the limit. Audited. Run it from cron.

Examples:
  allot retention apply --older-than 90d --dry-run
  allot retention apply --older-than 90d

Exit codes: 0 done, 1 failed, 2 a flag breaks a rule.`;

export function register(program: Command): void {
  const retention = program
    .command('retention')
    .description('drop whole days of the log')
    .addHelpText('after', help);
  retention
    .command('apply')
    .description('drop the days before a limit: decisions with their feedback, dead letters')
    .requiredOption('--older-than <days>', 'e.g. 90d: what was decided more than 90 days ago', days)
    .option('--dry-run', 'say what would go, change nothing')
    .option('--json', 'one object on standard output')
    .action(apply);
}

/** `90d` → 90. */
function days(text: string): number {
  const count = /^(\d{1,5})d$/.exec(text)?.[1];
  if (count === undefined || Number(count) < 1)
    throw new InvalidArgumentError('It must be days with their unit, such as 90d.');
  return Number(count);
}

interface ApplyOptions {
  readonly olderThan: number;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

async function apply({ olderThan, dryRun, json }: ApplyOptions): Promise<void> {
  const { applyRetention } = await import('../../postgres/retention.ts');
  const { withDatabase } = await import('../local/with-stores.ts');
  const before = new Date(Date.now() - olderThan * DAY_MS).toISOString().slice(0, 10);
  const report = await withDatabase(({ database }) =>
    applyRetention(database.pool, { before, isDryRun: dryRun === true, actor: 'cli' }),
  );
  if (json === true) printJson({ before, isDryRun: dryRun === true, ...report });
  else print(describe(report, before, dryRun === true));
}

function describe(
  { days: gone, deadLetters, forgottenUnits }: RetentionReport,
  before: string,
  isDryRun: boolean,
) {
  const would = isDryRun ? 'would drop' : 'dropped';
  const rows = gone.map(({ day, decisions }) => [day, String(decisions)]);
  return [
    `${would} ${gone.length} days before ${before}, ${deadLetters} dead letters, ${forgottenUnits} entries of the guard list`,
    ...(rows.length === 0 ? [] : [table(['day', 'decisions'], rows)]),
  ].join('\n');
}
