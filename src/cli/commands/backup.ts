import { resolve } from 'node:path';
import type { Command } from 'commander';
import { note, print, printJson } from '../output.ts';

export function register(program: Command): void {
  program
    .command('backup')
    .description('database, journal and secrets into one folder')
    .argument('<folder>', 'a new folder')
    .option('--without-secrets', 'leave the secrets out (keep them elsewhere: without them ids are orphaned)')
    .option('--json', 'one object on standard output')
    .addHelpText(
      'after',
      `
Works on the embedded server and on DATABASE_URL, while Allot runs: the database as of one moment, by COPY, and the
journal as it was before; with Kafka also where ingest stood before that. The folder holds secrets and people's data: guard it. Snapshots are not in it; they can be
made again. \`allot restore\` fills an empty database from it.

Example:
  allot backup backups/monday

Exit codes: 0 written, 1 failed, 2 the folder or a setting breaks a rule.`,
    )
    .action(backup);
}

async function backup(
  folder: string,
  options: { readonly withoutSecrets?: boolean; readonly json?: boolean },
): Promise<void> {
  const { backUpDatabase } = await import('../../postgres/backup/back-up.ts');
  const files = await import('../backup/files.ts');
  const { backUpOffsets } = await import('../backup/kafka-offsets.ts');
  const { withDatabase } = await import('../local/with-stores.ts');
  const target = resolve(folder);
  const manifest = await withDatabase(async ({ databaseUrl }, config) => {
    await files.makeEmptyFolder(target);
    await backUpOffsets(config, target);
    await files.backUpJournal(config, target);
    const hasSecrets = options.withoutSecrets !== true && (await files.backUpSecrets(config, target));
    if (!hasSecrets) note('the secrets are not in this backup');
    return await backUpDatabase(databaseUrl, target, new Date());
  });
  const rows = Object.fromEntries(manifest.tables.map((table) => [table.name, table.rows]));
  if (options.json === true) printJson({ folder: target, rows });
  else {
    const total = manifest.tables.reduce((sum, table) => sum + table.rows, 0);
    print(`${total} rows of ${manifest.tables.length} tables, and the journal, in ${target}`);
  }
}
