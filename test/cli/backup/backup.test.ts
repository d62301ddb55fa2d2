import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadOrCreateSecrets } from '../../../src/config/secrets.ts';
import { createDecisionIds } from '../../../src/core/feedback/decision-id.ts';
import { startIngest } from '../../../src/ingest/pipeline.ts';
import { openJournal } from '../../../src/journal/journal.ts';
import { createPostgresStores } from '../../../src/postgres/stores.ts';
import { silentLogger } from '../../../src/service/ports/logger.ts';
import { noMetrics } from '../../../src/service/ports/metrics.ts';
import { createKey } from '../../../src/service/registry/api-keys.ts';
import { testSecrets } from '../../support/api-world.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { decisionEvent, exposureEvent } from '../../support/events.ts';

const root = new URL('../../../', import.meta.url);
const page = readFileSync(new URL('docs/operations.md', root), 'utf8');
const section = page.slice(page.indexOf('## Backup'), page.indexOf('## Forgetting a unit'));
/** The commands of the page, as an operator would paste them. */
const [[backup], [restore]] = [...section.matchAll(/^```bash\n([\s\S]*?)^```$/gm)].map((m) =>
  m[1].trim().split('\n'),
);

const folder = mkdtempSync(join(tmpdir(), 'allot-backup-'));
const ids = createDecisionIds([...testSecrets.idKeys]);
const at = Date.parse('2026-02-03T04:05:06Z');
const events = Array.from({ length: 300 }, (_, n) => {
  const random = Uint8Array.from({ length: 8 }, (_, i) => (n >> i) * 5 + i);
  const decisionId = ids.mint({ timeMs: at + n, tenant: 'default', surface: 'live-feed', random });
  const unitId = n % 2 === 0 ? 'tab\tnewline\nback\\slash "quote" 🎥' : `unit-${String(n)}`;
  return [decisionEvent(n, { decisionId, decidedAt: at + n, unitId }), exposureEvent(n, { decisionId })];
}).flat();
const undelivered = exposureEvent(9_999, { decisionId: events[0].decisionId });

const run = { kind: 'training', surface: 'live-feed', config: {} } as const;
const owner = { tenant: 'default', id: 'key' };

function allot(command: string, dataDir: string, databaseUrl: string) {
  const [, ...words] = command.split(' ');
  const args = words.map((word) => word.replace('backups/', `${folder}/backups/`));
  return spawnSync(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', ...args], {
    cwd: root,
    encoding: 'utf8',
    env: {
      ...process.env,
      DATABASE_URL: databaseUrl,
      ALLOT_DATA_DIR: join(folder, dataDir),
      ALLOT_LOG_LEVEL: 'warn',
    },
  });
}

describe('backup and restore, by the commands of docs/operations.md', () => {
  let original: TestDatabase;
  let target: TestDatabase;

  beforeAll(async () => {
    [original, target] = [await createTestDatabase(), await createTestDatabase()];
    const stores = createPostgresStores(original.pool);
    await stores.keys.add(createKey({ tenant: 'default', role: 'admin' }).record);
    await stores.events.write({
      events,
      deadLetters: [{ receivedAt: at, reason: 'test', record: Buffer.from([0, 255, 10, 92]) }],
    });
    for (const id of ['waits', 'works']) await stores.runs.enqueue({ ...run, id }, owner);
    await stores.runs.start('default', 'works');
    await stores.runs.create({ ...run, id: 'by-hand' }, { ...owner, id: 'cli' });
    await stores.runs.create({ ...run, id: 'of-before' }, owner);
    loadOrCreateSecrets(join(folder, 'old', 'secrets.json'));
    const journal = await openJournal({
      directory: join(folder, 'old', 'journal'),
      segmentBytes: 1e6,
      maxBytes: 1e8,
      sync: 'group',
      logger: silentLogger,
    });
    journal.append(undelivered);
    await journal.close();
    const made = allot(backup, 'old', original.url);
    expect(made.stderr).toBe('');
    expect(made.status).toBe(0);
  }, 120_000);
  afterAll(async () => {
    await Promise.all([original.drop(), target.drop()]);
    rmSync(folder, { recursive: true, force: true });
  });

  const backupFolder = join(folder, 'backups', 'monday');
  const rowsOf = async ({ pool }: TestDatabase, table: string): Promise<unknown[]> =>
    (await pool.query(`select * from ${table} order by 1, 2`)).rows;

  it('is readable by its owner only', () => {
    for (const name of ['secrets.json', 'backup.json', 'decisions.copy.gz']) {
      expect(statSync(join(backupFolder, name)).mode & 0o077, name).toBe(0);
    }
  });

  it('a second backup into the same folder is refused', () => {
    const run = allot(backup, 'old', original.url);
    expect(run.status).toBe(2);
    expect(run.stderr).toContain('is not empty');
  });

  it('an altered file is refused before anything is written', async () => {
    const file = join(backupFolder, 'api_keys.copy.gz');
    const bytes = readFileSync(file);
    appendFileSync(file, 'x');
    const run = allot(restore, 'new', target.url);
    writeFileSync(file, bytes);
    expect(run.status).toBe(2);
    expect(run.stderr).toContain('was altered');
    expect(await rowsOf(target, 'decisions')).toEqual([]);
  });

  it('leaves the database empty when the journal cannot be put in its place, for another try', async () => {
    const inTheWay = join(folder, 'new', 'journal');
    mkdirSync(join(folder, 'new'), { recursive: true });
    writeFileSync(inTheWay, '');
    const run = allot(restore, 'new', target.url);
    expect(run.status).not.toBe(0);
    expect(await rowsOf(target, 'decisions')).toEqual([]);
    rmSync(inTheWay);
  });

  it('is none without a journal that is there but cannot be read', () => {
    mkdirSync(join(folder, 'broken'), { recursive: true });
    writeFileSync(join(folder, 'broken', 'journal'), '');
    const run = allot(backup.replace('monday', 'broken'), 'broken', original.url);
    expect(run.status).not.toBe(0);
    expect(existsSync(join(folder, 'backups', 'broken', 'backup.json'))).toBe(false);
  });

  it('restores every row of every table, the secrets, and a journal that is delivered', async () => {
    const run = allot(restore, 'new', target.url);
    expect(run.stderr).toBe('');
    expect(run.status).toBe(0);
    for (const table of ['decisions', 'exposures', 'interactions', 'dead_letters', 'api_keys', 'audit_log']) {
      expect(await rowsOf(target, table), table).toEqual(await rowsOf(original, table));
    }
    expect(await rowsOf(target, 'decisions')).toHaveLength(300);
    expect(readFileSync(join(folder, 'new', 'secrets.json'), 'utf8')).toBe(
      readFileSync(join(folder, 'old', 'secrets.json'), 'utf8'),
    );
    const directory = join(folder, 'new', 'journal');
    expect(readdirSync(directory)).not.toHaveLength(0);
    const journal = await openJournal({ directory, segmentBytes: 1e6, maxBytes: 1e8, sync: 'group' });
    const { events: store } = createPostgresStores(target.pool);
    const ingest = await startIngest({ log: journal, store, metrics: noMetrics, logger: silentLogger });
    while ((await ingest.lag()) !== 0) await new Promise((resolve) => setTimeout(resolve, 20));
    await ingest.stop();
    await journal.close();
    const { rows } = await target.pool.query(`select from exposures where event_id = $1`, [
      undelivered.eventId,
    ]);
    expect(rows).toHaveLength(1);
  });

  it('queues again what was queued or running, and closes what somebody ran by hand', async () => {
    const text = "select key from graphile_worker.jobs where task_identifier = 'offline-run' order by key";
    const keys = (await target.pool.query<{ key: string }>(text)).rows.map((row) => row.key);
    expect(keys).toEqual(['default/of-before', 'default/waits', 'default/works']);
    const { runs } = createPostgresStores(target.pool);
    expect((await runs.find('default', 'works'))?.state).toBe('running');
    expect((await runs.find('default', 'by-hand'))?.state).toBe('failed');
  });

  it('identity columns go on counting and deciders see a new revision', async () => {
    await createPostgresStores(target.pool).keys.add(createKey({ tenant: 'default', role: 'reader' }).record);
    const [revision] = (await rowsOf(target, 'control_revision')) as { revision: string }[];
    const [before] = (await rowsOf(original, 'control_revision')) as { revision: string }[];
    expect(Number(revision.revision)).toBeGreaterThan(Number(before.revision));
  });

  it('a database that holds anything is refused', () => {
    const run = allot(restore, 'new', target.url);
    expect(run.status).toBe(1);
    expect(run.stderr).toContain('is not empty');
    expect(existsSync(join(folder, 'new', 'secrets.json'))).toBe(true);
  });
});
