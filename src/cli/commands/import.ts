import { Option, type Command } from 'commander';
import type { ImportResult, ImportTarget } from '../../../offline/import.ts';
import { AllotError } from '../../core/errors.ts';
import { print, printJson } from '../output.ts';
import { countRows } from '../progress.ts';

const mappingHelp = `
A mapping (YAML). docs/import.md explains every field; docs/examples/feed-log.yaml is one that works.

  surface: feed
  actions: [none, live]            # "allocate nothing" first
  nullAction: none
  policyVersion: old-rules         # a name for what made the log
  columns: { action: shown, propensity: p, unitId: user, decidedAt: time }
  features:
    hour: { column: hour, type: numeric, min: 0, max: 23 }
  responses:
    watch_seconds: { column: watched, role: main, unit: s, min: 0, max: 3600 }

Exit codes: 0 imported, 1 failed, 2 the mapping or a row breaks a rule (named by line and column).`;

export function register(program: Command): void {
  const command = program
    .command('import')
    .description('bring a log from elsewhere into the store')
    .addHelpText(
      'after',
      `
Importing a file twice changes nothing: rows are recognised.

Examples:
  allot import open-bandit ./obd --campaign men --policy bts
  allot evaluate --surface open-bandit-men --policy random --behavior-version bts
  allot simulate --units 2000 --log log.csv && allot import csv log.csv --mapping docs/examples/feed-log.yaml
${mappingHelp}`,
    );
  command
    .command('open-bandit')
    .description("one policy's log of an Open Bandit campaign, and the policy itself")
    .argument('<folder>', 'folder that holds random/ and bts/')
    .requiredOption('--campaign <name>', 'all, men or women')
    .addOption(new Option('--policy <name>', 'whose log').choices(['random', 'bts']).makeOptionMandatory())
    .option('--tenant <name>', 'into which tenant', 'default')
    .option('--json', 'one object on standard output')
    .action(importOpenBanditLog);
  for (const format of ['csv', 'jsonl', 'parquet'] as const) {
    command
      .command(format)
      .description(`a ${format} log${format === 'parquet' ? '' : ' (also .gz)'}, by a mapping of its columns`)
      .argument('<file>')
      .requiredOption('--mapping <file>', 'YAML: surface, actions, columns, features, responses')
      .option('--tenant <name>', 'into which tenant', 'default')
      .option('--json', 'one object on standard output')
      .addHelpText('after', mappingHelp)
      .action((file: string, options: MappedOptions) => importMappedLog(format, file, options));
  }
}

interface CommonOptions {
  readonly tenant: string;
  readonly json?: boolean;
}

async function importOpenBanditLog(
  folder: string,
  options: CommonOptions & { readonly campaign: string; readonly policy: 'random' | 'bts' },
): Promise<void> {
  const { importOpenBandit } = await import('../../../offline/import.ts');
  const { campaign, policy } = options;
  report(
    await withTarget(options.tenant, (target) => importOpenBandit({ folder, campaign, policy }, target)),
    options,
  );
}

interface MappedOptions extends CommonOptions {
  readonly mapping: string;
}

async function importMappedLog(
  format: 'csv' | 'jsonl' | 'parquet',
  file: string,
  options: MappedOptions,
): Promise<void> {
  const { importMapped } = await import('../../../offline/import.ts');
  const { formatOf } = await import('../../../offline/tabular/read-rows.ts');
  const named = formatOf(file);
  if (named !== format) {
    const rule = `${file} is a ${named} file by its name: use "allot import ${named}", or rename it`;
    throw new AllotError('invalid_request', rule, { violations: [{ field: 'file', rule }] });
  }
  report(
    await withTarget(options.tenant, (target) =>
      importMapped({ file, mappingFile: options.mapping }, target),
    ),
    options,
  );
}

async function withTarget(
  tenant: string,
  run: (target: ImportTarget) => Promise<ImportResult>,
): Promise<ImportResult> {
  const { createDecisionIds } = await import('../../core/feedback/decision-id.ts');
  const { checkPseudonymKey, pseudonymsInUse } = await import('../../compose/pseudonym-key.ts');
  const { secretsOf } = await import('../../compose/secrets.ts');
  const { createLogger } = await import('../../observability/logger.ts');
  const { withDatabase } = await import('../local/with-stores.ts');
  return await withDatabase(async ({ stores, database: { pool } }, config) => {
    const secrets = secretsOf(config);
    await checkPseudonymKey({ pool, config, secrets, logger: createLogger('warn') });
    return await run({
      ...stores,
      ids: createDecisionIds(secrets.idKeys),
      pseudonymOf: pseudonymsInUse(config),
      actor: { tenant, id: 'cli' },
      progress: countRows(),
    });
  });
}

function report(result: ImportResult, options: CommonOptions): void {
  if (options.json === true) {
    printJson(result);
    return;
  }
  const { decisions, interactions, duplicates, surface, policyVersion, alias } = result;
  print(
    `${decisions} decisions and ${interactions} interactions into ${surface}` +
      `${duplicates > 0 ? ` (${duplicates} were there before)` : ''}, by ${policyVersion}, alias "${alias}"`,
  );
}
