import type { Command } from 'commander';
import { readConfig } from '../../config/env.ts';
import { AllotError } from '../../core/errors.ts';
import type { StoredRecord } from '../../journal/record.ts';
import type { LostRange, SetAside } from '../../journal/set-aside.ts';
import { createLogger } from '../../observability/logger.ts';
import { textOf } from '../as-text.ts';
import { note, print, printJson, table } from '../output.ts';

const help = `
What the journal of this host could not read is set aside under damaged/ in the journal's folder: segments with damaged records,
and torn tails, which every kill in the middle of a write leaves (no whole record stands in them). \`recover\` hands every whole
record of a file back for delivery, those behind a page that the disk did not give among them; repeats have no effect, a
unit that was forgotten stays so, and nothing is invented. It works while \`allot start\` runs, which takes the records over within
seconds, or else the next start does. The file stays until it is purged.

Examples:
  allot journal list
  allot journal show mb2x…-00000000000000000001.seg.damaged
  allot journal recover --all           safe to repeat
  allot journal purge --all

Exit codes: 0 done, 1 failed, 2 a flag or name breaks a rule.`;

export function register(program: Command): void {
  const journal = program
    .command('journal')
    .description('what the journal set aside as damaged: list, show, recover, purge')
    .addHelpText('after', help);
  journal
    .command('list')
    .description('each file with the ranges that hold no whole record')
    .option('--json', 'one array on standard output')
    .action(list);
  journal
    .command('show')
    .description('the whole records of one file, one a line')
    .argument('<name>', 'name from `allot journal list`')
    .option('--json', 'one array; a record is base64 where it is not UTF-8')
    .action(show);
  for (const [name, description, action] of [
    ['recover', 'hand the whole records back for delivery, and say what could not be read', recover],
    ['purge', 'delete files for good', purge],
  ] as const)
    journal
      .command(name)
      .description(description)
      .argument('[name...]', 'names from `allot journal list`')
      .option('--all', 'every file there is')
      .option('--json', 'one object on standard output')
      .action(action);
}

interface Chosen {
  readonly all?: boolean;
  readonly json?: boolean;
}

async function list({ json }: Chosen): Promise<void> {
  const { listSetAside } = await import('../../journal/set-aside.ts');
  const found = listSetAside(readConfig().journal.directory);
  if (json === true) printJson(found.map(shown));
  else if (found.length === 0) note('Nothing was set aside.');
  else print(table(['name', 'set aside', 'size', 'whole records', 'not readable'], found.map(row)));
}

async function show(name: string, { json }: Chosen): Promise<void> {
  const { recordsSetAside } = await import('../../journal/set-aside.ts');
  const records = recordsSetAside(readConfig().journal.directory, name);
  if (json === true) printJson(records.map(shownRecord));
  else if (records.length === 0) note('No whole record stands in it.');
  else
    print(
      records.map(({ sequence, value }) => `${sequence}  ${textOf(value) ?? base64Of(value)}`).join('\n'),
    );
}

async function recover(names: readonly string[], chosen: Chosen): Promise<void> {
  const { listSetAside, recordsSetAside } = await import('../../journal/set-aside.ts');
  const { handBack } = await import('../../journal/recover.ts');
  const { journal } = readConfig();
  const files = listSetAside(journal.directory, await select(journal.directory, names, chosen));
  for (const { name } of files)
    await handBack({ ...journal, logger: createLogger('warn') }, recordsSetAside(journal.directory, name));
  const recovered = files.reduce((sum, { records }) => sum + records, 0);
  if (chosen.json === true) printJson({ recovered, files: files.map(shown) });
  else {
    note(`${recovered} records handed back for delivery`);
    for (const { name, lost } of files) for (const range of lost) note(`  ${name}: ${described(range)}`);
  }
}

async function purge(names: readonly string[], chosen: Chosen): Promise<void> {
  const { removeSetAside } = await import('../../journal/set-aside.ts');
  const { directory } = readConfig().journal;
  const purged = await select(directory, names, chosen);
  for (const name of purged) await removeSetAside(directory, name);
  if (chosen.json === true) printJson({ purged: purged.length });
  else note(`${purged.length} deleted`);
}

/** All of them, or the named ones; naming none and not saying `--all` is a mistake. */
async function select(
  directory: string,
  names: readonly string[],
  { all }: Chosen,
): Promise<readonly string[]> {
  if ((all === true) === names.length > 0)
    throw new AllotError('invalid_request', 'name the files, or say --all (not both)');
  const { listSetAside } = await import('../../journal/set-aside.ts');
  return listSetAside(directory, all === true ? undefined : names).map(({ name }) => name);
}

const row = ({ name, setAsideAt, bytes, records, lost }: SetAside): readonly string[] => [
  name,
  new Date(setAsideAt).toISOString(),
  `${bytes} B`,
  String(records),
  lost.map(described).join('; '),
];

function described({ from, to, reason, missing }: LostRange): string {
  const why = reason === 'disk' ? 'not given by the disk' : 'no whole record';
  const records = missing === null ? '' : `, records ${missing.first}–${missing.last}`;
  return `bytes ${from}–${to} (${why}${records})`;
}

const shown = ({ setAsideAt, ...file }: SetAside): Record<string, unknown> => ({
  ...file,
  setAsideAt: new Date(setAsideAt).toISOString(),
});

function shownRecord({ sequence, appendedAt, key, value }: StoredRecord): Record<string, unknown> {
  const text = textOf(value);
  const body = text === null ? { recordBase64: base64Of(value) } : { record: text };
  return { sequence, appendedAt: new Date(appendedAt).toISOString(), key, ...body };
}

const base64Of = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
