import type { Command } from 'commander';
import { exitCodes } from '../exit-codes.ts';
import type { ForgetReport } from '../forget/forget-unit.ts';
import { print, printJson, table } from '../output.ts';

const help = `
Deletes the unit's decisions, their exposures and interactions, its dead letters, its place in experiments, and its records in
the journal of this host; a hash of it keeps late events away. Then every table is searched for what is left, and what
the command cannot reach is listed with the remedy. Audited. Safe to run again.

Where pseudonyms are on (ALLOT_PSEUDONYMOUS_UNITS) the name is computed with the key of ALLOT_SECRETS_FILE; --stored takes
the name under which the unit is stored instead: a pseudonym of an older key, or an id from before pseudonyms.

Exit code 0 when nothing within reach is left, 1 otherwise.

Examples:
  allot forget u-1029 --dry-run
  allot forget u-1029 --reason "request 4711"
  allot forget pu1_9mq2XkYw0c3nB7sTfPz5Ld8e --stored
  allot forget u-1029 --no-proof     without the search over every table`;

export function register(program: Command): void {
  program
    .command('forget')
    .description('delete a unit everywhere, prove it, and say what is out of reach')
    .argument('<unitId>', 'as the feed sends it')
    .option('--tenant <name>', 'whose unit', 'default')
    .option('--stored', 'the argument is the name under which the unit is stored')
    .option('--reason <text>', 'for the audit trail')
    .option('--dry-run', 'count, change nothing')
    .option('--no-proof', 'leave out the search over every table')
    .option('--json', 'one object on standard output')
    .addHelpText('after', help)
    .action(forgetCommand);
}

interface ForgetOptions {
  readonly tenant: string;
  readonly stored?: boolean;
  readonly reason?: string;
  readonly dryRun?: boolean;
  readonly proof: boolean;
  readonly json?: boolean;
}

async function forgetCommand(unitId: string, options: ForgetOptions): Promise<void> {
  const { forget } = await import('../forget/forget-unit.ts');
  const { withDatabase } = await import('../local/with-stores.ts');
  const report = await withDatabase(({ stores, database }, config) =>
    forget(
      { pool: database.pool, stores, config },
      {
        tenant: options.tenant,
        unitId,
        isStored: options.stored === true,
        isDryRun: options.dryRun === true,
        isProven: options.proof,
        ...(options.reason === undefined ? {} : { reason: options.reason }),
      },
    ),
  );
  if (options.json === true) printJson(report);
  else print(describe(report));
  if (report.isGone === false) process.exitCode = exitCodes.failure;
}

function describe(report: ForgetReport): string {
  const { deleted, journal, traces } = report;
  const would = report.isDryRun ? 'would be ' : '';
  return [
    `${would}deleted: ${deleted.decisions} decisions, ${deleted.exposures} exposures, ${deleted.interactions} interactions, ${deleted.deadLetters} dead letters`,
    ...(deleted.forcedIn > 0
      ? [`${would}taken from its side by hand in ${deleted.forcedIn} experiments`]
      : []),
    `journal: ${journal.records} records ${would}overwritten, ${journal.waiting} not handed on yet${journal.waiting > 0 && !report.isDryRun ? ': run the command again when ingest has caught up' : ''}`,
    ...journal.damagedFiles.map(
      (file) =>
        `journal: ${file} was set aside as damaged and still mentions the unit: \`allot journal recover\` hands on what can be read, then \`allot journal purge\``,
    ),
    ...(traces === null ? [] : [proof(traces)]),
    'out of reach:',
    table(
      ['where', 'found', 'what to do'],
      report.outOfReach.map(({ place, found, remedy }) => [place, found, remedy]),
    ),
  ].join('\n');
}

const proof = (traces: NonNullable<ForgetReport['traces']>): string =>
  traces.length === 0
    ? 'searched every table: no trace'
    : `searched every table, still there: ${traces.map(({ where, rows }) => `${where} (${String(rows)})`).join(', ')}; an id from before pseudonyms goes with --stored`;
