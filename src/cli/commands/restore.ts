import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { AllotError } from '../../core/errors.ts';
import { print, printJson } from '../output.ts';

export function register(program: Command): void {
  program
    .command('restore')
    .description('fill an empty database from a backup')
    .argument('<folder>', 'from `allot backup`')
    .option('--json', 'one object on standard output')
    .addHelpText(
      'after',
      `
Stop Allot first. The database must be empty; secrets and journal go where the settings say, secrets that differ are
refused. Everything is checked before anything is written, and what fails or is killed leaves the database empty: restore
again. With Kafka the group of ingest is set back, so that what came after the backup is read again; it must have no
member. Runs that were queued or running are queued again. Then start Allot: what the journal held is delivered.

Examples:
  ALLOT_DATA_DIR=./new allot restore backups/monday
  DATABASE_URL=postgres://allot@db/new allot restore backups/monday

Exit codes: 0 restored, 1 failed or the database is not empty, 2 the backup or a setting breaks a rule.`,
    )
    .action(restore);
}

async function restore(folder: string, options: { readonly json?: boolean }): Promise<void> {
  const { restoreDatabase } = await import('../../postgres/backup/restore.ts');
  const files = await import('../backup/files.ts');
  const { restoreOffsets } = await import('../backup/kafka-offsets.ts');
  const { withDatabase } = await import('../local/with-stores.ts');
  const source = resolve(folder);
  // Before a database is made for it.
  if (!existsSync(source)) throw new AllotError('invalid_request', `there is no folder ${folder}`);
  const { manifest, queued } = await withDatabase(async ({ databaseUrl, stores }, config) => {
    await files.refuseOtherSecrets(config, source);
    const restored = await restoreDatabase(databaseUrl, source, async () => {
      await restoreOffsets(config, source);
      await files.restoreFiles(config, source);
    });
    return { manifest: restored, queued: await stores.jobs.giveJobs() };
  });
  const rows = Object.fromEntries(manifest.tables.map((table) => [table.name, table.rows]));
  if (options.json === true) printJson({ createdAt: manifest.createdAt, rows, queued });
  else {
    const total = manifest.tables.reduce((sum, table) => sum + table.rows, 0);
    print(`${total} rows as of ${manifest.createdAt}; ${queued} runs queued again`);
  }
}
