import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkSecrets } from '../../src/cli/doctor/checks.ts';
import { checkDatabase } from '../../src/cli/doctor/database.ts';
import type { Finding } from '../../src/cli/doctor/finding.ts';
import { checkDataDir, checkJournal } from '../../src/cli/doctor/folders.ts';
import { secretsOf } from '../../src/compose/secrets.ts';
import { readConfig } from '../../src/config/env.ts';
import { makePartitions } from '../../src/postgres/partitions.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const folder = mkdtempSync(join(tmpdir(), 'allot-doctor-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const DAY_MS = 86_400_000;
const MEBIBYTE = 1024 * 1024;
/** A finding that is not `ok` says what to do. */
const summary = ({ check, state, found, advice }: Finding): string => {
  expect(advice === null).toBe(state === 'ok');
  return `${check} ${state}: ${found}`;
};

describe('the check of the journal', () => {
  const journal = (name: string, maxBytes = 64 * MEBIBYTE) => {
    const directory = join(folder, name);
    return { sync: 'group', directory, maxBytes, segmentBytes: MEBIBYTE } as const;
  };

  it('is content with one that is not made yet', () => {
    expect(summary(checkJournal(journal('absent')))).toMatch(/^journal ok: .*absent.* 0 MiB of 64 MiB used/);
  });

  it('fails where a file stands in the way', () => {
    const { directory, ...rest } = journal('file');
    writeFileSync(directory, '');
    expect(summary(checkJournal({ ...rest, directory: join(directory, 'journal') }))).toMatch(
      /^journal failure: .*file is not writable/,
    );
    expect(summary(checkDataDir(join(directory, 'data')))).toMatch(/^data directory failure/);
  });

  it('warns when it is more than half full', () => {
    const options = journal('full', MEBIBYTE);
    mkdirSync(join(options.directory, 'own'), { recursive: true });
    writeFileSync(
      join(options.directory, 'own', `${'1'.padStart(20, '0')}.seg`),
      Buffer.alloc(0.75 * MEBIBYTE),
    );
    expect(summary(checkJournal(options))).toMatch(/^journal warning: .*75 % full/);
  });

  it('warns when the disk is smaller than the journal may become', () => {
    expect(summary(checkJournal(journal('large', 2 ** 62)))).toMatch(/^journal warning: .*it may grow to/);
  });

  it('warns of damaged segments that were set aside and names the command, but not of what a kill leaves', () => {
    const options = journal('damage');
    const setAside = (name: string): void =>
      writeFileSync(join(options.directory, 'damaged', `own-${'1'.padStart(20, '0')}.seg${name}`), 'x');
    mkdirSync(join(options.directory, 'damaged'), { recursive: true });
    setAside('-120.tail');
    expect(checkJournal(options).state).toBe('ok');
    setAside('.damaged');
    expect(summary(checkJournal(options))).toMatch(/^journal warning: .*1 segments with damaged records/);
    expect(checkJournal(options).advice).toContain('`allot journal list`');
  });
});

describe('the check of the secrets', () => {
  const config = readConfig({ ALLOT_DATA_DIR: join(folder, 'installation') });
  const { secretsFile: file } = config;
  beforeAll(() => mkdirSync(join(config.journal.directory, 'own'), { recursive: true }));

  it('fails where they are gone from an installation that has decided, and not in a new one', () => {
    expect(summary(checkSecrets(config))).toMatch(/^secrets ok: .* will be made on the first start/);
    const segment = join(config.journal.directory, 'own', '00000000000000000001.seg');
    writeFileSync(segment, 'x');
    expect(summary(checkSecrets(config))).toMatch(
      /^secrets failure: .* is not there, but the journal .* holds records: a start is refused$/,
    );
    expect(checkSecrets(config).advice).toContain('set ALLOT_SECRETS_FILE to where it is');
    expect(() => secretsOf(config)).toThrow(/is not there, but the journal/);
    rmSync(segment);
  });

  it('fails for an id key that no decision id can carry', () => {
    const [drawKey, assignmentKey, pseudonymKey, key] = ['1', '2', '3', '4'].map((digit) => digit.repeat(32));
    const text = (id: number): string =>
      JSON.stringify({ version: 1, drawKey, assignmentKey, pseudonymKey, idKeys: [{ id, key }] });
    writeFileSync(file, text(63), { mode: 0o600 });
    expect(checkSecrets(config).state).toBe('ok');
    writeFileSync(file, text(64), { mode: 0o600 });
    expect(summary(checkSecrets(config))).toMatch(/^secrets failure/);
  });
});

describe('the check of the database', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
    const days = [0, 1].map((ahead) => new Date(Date.now() + ahead * DAY_MS).toISOString().slice(0, 10));
    await makePartitions(database.pool, days);
  });
  afterAll(() => database.drop());

  const check = async (url = database.url): Promise<readonly string[]> =>
    (await checkDatabase({ ...readConfig({}), databaseUrl: url })).map(summary);
  const troubles = async (url?: string): Promise<readonly string[]> =>
    (await check(url)).filter((line) => !/^[a-z]+ ok/.test(line));
  /** Something is broken, looked at, and mended again. */
  const broken = async (breaking: string, mending: string): Promise<readonly string[]> => {
    await database.pool.query(breaking);
    try {
      return await troubles();
    } finally {
      await database.pool.query(mending);
    }
  };

  it('finds nothing wrong with one that works', async () => {
    expect((await check()).map((line) => line.split(':')[0])).toEqual(
      ['database', 'connection', 'schema', 'rights', 'partitions'].map((name) => `${name} ok`),
    );
  });

  it('fails where nothing was migrated', async () => {
    const empty = new URL(database.url);
    empty.pathname = '/postgres';
    expect(await troubles(empty.href)).toEqual(['schema failure: no migration was applied']);
  });

  it('fails where a migration is missing, or a newer version has migrated', async () => {
    const last = '(select max(id) from migrations)';
    const name = (
      await database.pool.query<{ name: string }>(`select name from migrations where id = ${last}`)
    ).rows[0].name;
    const rename = (to: string): string => `update migrations set name = '${to}' where id = ${last}`;
    expect(await broken(rename('9999_future'), rename(name))).toEqual([
      'schema failure: a newer Allot has migrated: 9999_future',
    ]);
    expect(
      await broken(
        `delete from migrations where id = ${last}`,
        `insert into migrations (name, run_on) values ('${name}', now())`,
      ),
    ).toEqual([`schema failure: not applied: ${name}`]);
  });

  it('warns where tomorrow has no partition', async () => {
    const tomorrow = new Date(Date.now() + DAY_MS).toISOString().slice(0, 10);
    const table = `decisions_${tomorrow.replaceAll('-', '')}`;
    expect(
      await broken(`drop table ${table}`, `select ensure_event_partitions(array['${tomorrow}'::date])`),
    ).toEqual([`partitions warning: missing: ${table}`]);
  });

  it('fails for a user who may not write, or not make partitions', async () => {
    const role = `allot_doctor_${String(process.pid)}`;
    await database.pool.query(`create role ${role} login password '${role}'`);
    try {
      const url = new URL(database.url);
      url.username = url.password = role;
      await database.pool.query(`grant select on all tables in schema public to ${role}`);
      expect(await troubles(url.href)).toEqual([
        expect.stringMatching(/^rights failure: this user may not read and write .*, …$/),
      ]);
      await database.pool.query(`grant insert, update, delete on all tables in schema public to ${role}`);
      expect(await troubles(url.href)).toEqual([
        expect.stringMatching(/^rights failure: this user may not make partitions: the tables belong to/),
      ]);
    } finally {
      await database.pool.query(`drop owned by ${role}; drop role ${role}`);
    }
  });

  it('fails where the server only reads', async () => {
    const name = new URL(database.url).pathname.slice(1);
    const set = `alter database ${name} set default_transaction_read_only`;
    await database.pool.query(`${set} = on`);
    try {
      expect(await troubles()).toEqual([
        expect.stringMatching(/^database failure: PostgreSQL .* is read-only/),
      ]);
    } finally {
      await database.pool.query(`begin read write; ${set} = off; commit`);
    }
  });

  it('says nothing of the password when nobody answers', async () => {
    const [finding] = await checkDatabase({
      ...readConfig({}),
      databaseUrl: 'postgres://u:hush@127.0.0.1:1/none',
    });
    expect(finding).toMatchObject({ check: 'database', state: 'failure' });
    expect(JSON.stringify(finding)).not.toContain('hush');
  });
});
