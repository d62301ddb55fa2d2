import { type Command, InvalidArgumentError, Option } from 'commander';
import { AllotError } from '../../core/errors.ts';
import type { Role } from '../../service/ports/control.ts';
import type { ApiKeyStore } from '../../service/ports/stores.ts';
import { createKey as makeKey } from '../../service/registry/api-keys.ts';
import { note, print, printJson, table } from '../output.ts';

const roles: readonly Role[] = ['decider', 'analyst', 'trainer', 'admin', 'reader'];

const rolesHelp = `Roles:
  decider   decides and sends feedback; sees nothing
  reader    looks: states, lists, reports, pages, metrics
  analyst   also reads single decisions and replays them
  trainer   also makes policies and runs, and moves aliases through the gate (not champion)
  admin     everything`;

export function register(program: Command): void {
  const keys = program
    .command('keys')
    .description('create, list and revoke API keys')
    .addHelpText(
      'after',
      `
${rolesHelp}

Examples:
  allot keys create --role decider --surface live-feed
  allot keys list
  allot keys revoke 0197c1f0-6b1c-7000-8000-000000000000

Exit codes: 0 done, 1 failed, 2 a flag or id breaks a rule.`,
    );
  keys
    .command('create')
    .description('make a key; it is printed once and never stored')
    .addOption(new Option('--role <role>', 'what it may do').choices(roles).makeOptionMandatory())
    .option('--surface <name...>', 'only these surfaces (default: all)', surfaceName)
    .option('--tenant <name>', 'whose key', 'default')
    .option('--json', 'one object on standard output')
    .action(createKey);
  keys
    .command('list')
    .description('list keys, without the keys themselves')
    .option('--tenant <name>', 'whose keys', 'default')
    .option('--json', 'one array on standard output')
    .action(listKeys);
  keys
    .command('revoke')
    .description('refuse a key from now on, on every replica within seconds')
    .argument('<id>', 'id from `allot keys list`')
    .option('--tenant <name>', 'whose key', 'default')
    .action(revokeKey);
}

interface KeyOptions {
  readonly tenant: string;
  readonly json?: boolean;
}

async function createKey(
  options: KeyOptions & { readonly role: Role; readonly surface?: readonly string[] },
): Promise<void> {
  const { key, record } = makeKey({
    tenant: options.tenant,
    role: options.role,
    surfaces: options.surface ?? null,
  });
  await withKeyStore((store) => store.add(record));
  if (options.json === true) printJson({ id: record.id, role: record.role, tenant: record.tenant, key });
  else {
    print(key);
    note(`id ${record.id}, role ${record.role}. Keep the key: it cannot be shown again.`);
  }
}

async function listKeys(options: KeyOptions): Promise<void> {
  const records = await withKeyStore((store) => store.list(options.tenant));
  const shown = records.map(({ id, role, surfaces, revokedAt }) => ({ id, role, surfaces, revokedAt }));
  if (options.json === true) {
    printJson(shown);
    return;
  }
  const rows = shown.map(({ id, role, surfaces, revokedAt }) => [
    id,
    role,
    surfaces?.join(', ') ?? 'all',
    revokedAt === null ? 'active' : `revoked ${new Date(revokedAt).toISOString()}`,
  ]);
  print(table(['id', 'role', 'surfaces', 'state'], rows));
}

async function revokeKey(id: string, options: KeyOptions): Promise<void> {
  await withKeyStore(async (store) => {
    const known = await store.list(options.tenant);
    if (!known.some((key) => key.id === id)) {
      throw new AllotError('invalid_request', `there is no key ${id}; \`allot keys list\` shows them`);
    }
    await store.revoke(options.tenant, id);
  });
  note(`revoked ${id}`);
}

async function withKeyStore<T>(use: (store: ApiKeyStore) => Promise<T>): Promise<T> {
  const { withStores } = await import('../local/with-stores.ts');
  return await withStores((stores) => use(stores.keys));
}

/** Commander calls this for every value of a repeatable option. */
function surfaceName(value: string, previous: readonly string[] = []): readonly string[] {
  if (!/^[a-z0-9][a-z0-9_-]{0,63}$/.test(value)) throw new InvalidArgumentError('not a surface name');
  return [...previous, value];
}
