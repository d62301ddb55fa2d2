import { resolve } from 'node:path';
import type { Command } from 'commander';
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
refused. Everything is checked before anything is written, and the database is filled in one transaction. Runs that
were queued are queued again. Then start Allot: what the journal held is delivered.

Examples:
  ALLOT_DATA_DIR=./new allot restore backups/monday
  DATABASE_URL=postgres://allot@db/new allot restore backups/monday`,
    )
    .action(restore);
}

async function restore(folder: string, options: { readonly json?: boolean }): Promise<void> {
  const { restoreDatabase } = await import('../../postgres/backup/restore.ts');
  const files = await import('../backup/files.ts');
  const { withDatabase } = await import('../local/with-stores.ts');
  const source = resolve(folder);
  const { manifest, queued } = await withDatabase(async ({ databaseUrl, database, stores }, config) => {
    await files.refuseOtherSecrets(config, source);
    const restored = await restoreDatabase(databaseUrl, source);
    await files.restoreFiles(config, source);
    const { rows } = await database.pool.query<{ tenant: string; id: string; kind: 'snapshot' }>(
      `select tenant, id, kind from runs where state = 'queued'`,
    );
    for (const { kind, id, tenant } of rows) await stores.jobs.enqueue(kind, id, tenant);
    return { manifest: restored, queued: rows.length };
  });
  const rows = Object.fromEntries(manifest.tables.map((table) => [table.name, table.rows]));
  if (options.json === true) printJson({ createdAt: manifest.createdAt, rows, queued });
  else {
    const total = manifest.tables.reduce((sum, table) => sum + table.rows, 0);
    print(`${total} rows as of ${manifest.createdAt}; ${queued} runs queued again`);
  }
}
