import type { Command } from 'commander';
import { print, printJson } from '../output.ts';

export function register(program: Command): void {
  program
    .command('migrate')
    .description('bring the database to the schema of this version')
    .option('--json', 'one object on standard output')
    .addHelpText(
      'after',
      `
\`allot start\` and every command that uses the database do it too; the processes that run alone (api, ingest, controller)
do not, so a deployment of several processes runs this first. Several may run it at once.

Example:
  DATABASE_URL=postgres://allot@db/allot allot migrate

Exit codes: 0 the schema is that of this version, 1 failed, 2 a setting breaks a rule.`,
    )
    .action(migrateCommand);
}

async function migrateCommand(options: { readonly json?: boolean }): Promise<void> {
  const { withDatabase } = await import('../local/with-stores.ts');
  const schema = await withDatabase(async ({ database }) => {
    const { rows } = await database.pool.query<{ name: string }>('select name from migrations order by id');
    return rows.map(({ name }) => name);
  });
  if (options.json === true) printJson({ migrations: schema });
  else print(`the schema is at ${schema.at(-1) ?? 'nothing'}`);
}
