import type { Command } from 'commander';
import { AllotError } from '../../core/errors.ts';
import type { DeadLetter, DeadLetterStore } from '../../service/ports/stores.ts';
import { textOf } from '../as-text.ts';
import { exitCodes } from '../exit-codes.ts';
import { note, print, printJson, table } from '../output.ts';
import { positiveInteger } from '../parse-numbers.ts';

const help = `
Ingest sets a record aside when no version of the event grammar can read it, or when the database refuses it for
its data; the rest of its batch is stored. Nothing is lost: repair what produced it, then replay.

Examples:
  allot dead-letters list
  allot dead-letters show 3fa2c1…
  allot dead-letters replay --all       safe to repeat: what is stored already has no effect
  allot dead-letters purge 3fa2c1…

Exit codes: 0 done, 1 failed or (replay) a record was refused again, 2 a flag or id breaks a rule.`;

export function register(program: Command): void {
  const letters = program
    .command('dead-letters')
    .description('records that ingest set aside: list, show, replay, purge')
    .addHelpText('after', help);
  letters
    .command('list')
    .description('the newest ones, with the reason')
    .option('--limit <n>', 'how many', positiveInteger, 50)
    .option('--json', 'one array on standard output')
    .action(list);
  letters
    .command('show')
    .description('one record, as it arrived')
    .argument('<id>', 'id from `allot dead-letters list`')
    .option('--json', 'one object; the record is base64 where it is not UTF-8')
    .action(show);
  for (const [name, description, action] of [
    ['replay', 'offer records to the store again; those refused again stay', replay],
    ['purge', 'delete records for good', purge],
  ] as const)
    letters
      .command(name)
      .description(description)
      .argument('[id...]', 'ids from `allot dead-letters list`')
      .option('--all', 'every record there is')
      .option('--json', 'one object on standard output')
      .action(action);
}

interface Chosen {
  readonly all?: boolean;
  readonly json?: boolean;
}

async function list({ limit, json }: { readonly limit: number; readonly json?: boolean }): Promise<void> {
  const letters = await withStores(({ deadLetters }) => deadLetters.list(limit));
  if (json === true) {
    printJson(letters.map(shown));
    return;
  }
  const rows = letters.map(({ id, receivedAt, reason, record }) => [
    id,
    new Date(receivedAt).toISOString(),
    `${record.length} B`,
    reason,
  ]);
  if (rows.length === 0) note('There are no dead letters.');
  else print(table(['id', 'received', 'size', 'reason'], rows));
}

async function show(id: string, { json }: Chosen): Promise<void> {
  const [letter] = await withStores(({ deadLetters }) => found(deadLetters, [id]));
  if (json === true) printJson(shown(letter));
  else print(`${letter.reason}\n${textOf(letter.record) ?? Buffer.from(letter.record).toString('base64')}`);
}

async function replay(ids: readonly string[], chosen: Chosen): Promise<void> {
  const { replayDeadLetters } = await import('../../service/delivery/dead-letters.ts');
  const outcome = await withStores(async (stores) =>
    replayDeadLetters(stores, lettersOf(stores.deadLetters, await select(stores.deadLetters, ids, chosen))),
  );
  if (chosen.json === true) printJson(outcome);
  else {
    note(`${outcome.replayed.length} stored, ${outcome.refused.length} refused again`);
    for (const { id, reason } of outcome.refused) note(`  ${id}: ${reason}`);
  }
  process.exitCode = outcome.refused.length === 0 ? exitCodes.ok : exitCodes.failure;
}

async function purge(ids: readonly string[], chosen: Chosen): Promise<void> {
  const purged = await withStores(async ({ deadLetters }) =>
    deadLetters.remove(await select(deadLetters, ids, chosen)),
  );
  if (chosen.json === true) printJson({ purged });
  else note(`${purged} deleted`);
}

/** All of them, or the named ones; naming none and not saying `--all` is a mistake. */
async function select(
  store: DeadLetterStore,
  ids: readonly string[],
  { all }: Chosen,
): Promise<readonly string[]> {
  if ((all === true) === ids.length > 0)
    throw new AllotError('invalid_request', 'name the ids, or say --all (not both)');
  if (all === true) return await store.ids();
  await found(store, ids);
  return ids;
}

/** One after the other, as a record may be as large as a topic takes; without those that somebody else has purged since. */
async function* lettersOf(store: DeadLetterStore, ids: readonly string[]): AsyncIterable<DeadLetter> {
  for (const id of ids) {
    const letter = await store.find(id);
    if (letter !== undefined) yield letter;
  }
}

async function found(store: DeadLetterStore, ids: readonly string[]): Promise<readonly DeadLetter[]> {
  return await Promise.all(
    ids.map(async (id) => {
      const letter = await store.find(id);
      if (letter === undefined)
        throw new AllotError(
          'invalid_request',
          `there is no dead letter ${id}; \`allot dead-letters list\` shows them`,
        );
      return letter;
    }),
  );
}

function shown({ id, receivedAt, reason, record }: DeadLetter): Record<string, unknown> {
  const text = textOf(record);
  const body = text === null ? { recordBase64: Buffer.from(record).toString('base64') } : { record: text };
  return { id, receivedAt: new Date(receivedAt).toISOString(), reason, bytes: record.length, ...body };
}

async function withStores<T>(
  use: Parameters<typeof import('../local/with-stores.ts').withStores<T>>[0],
): Promise<T> {
  const opened = await import('../local/with-stores.ts');
  return await opened.withStores(use);
}
