import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkUnitNames, unitNamesFinding } from '../../../src/cli/doctor/unit-names.ts';
import { forget } from '../../../src/cli/forget/forget-unit.ts';
import { startAllot, type RunningAllot } from '../../../src/cli/local/start-allot.ts';
import { createClient, type AllotClient } from '../../../src/client/client.ts';
import { checkPseudonymKey } from '../../../src/compose/pseudonym-key.ts';
import { readConfig } from '../../../src/config/env.ts';
import { loadOrCreateSecrets, makeSecrets } from '../../../src/config/secrets.ts';
import { createDecisionIds } from '../../../src/core/feedback/decision-id.ts';
import { encodeArtifact } from '../../../src/core/policy/codec.ts';
import { fixedPolicyArtifact } from '../../../src/core/policy/policy.ts';
import { pseudonymKeyHistory } from '../../../src/postgres/pseudonym-keys.ts';
import { searchEverywhere } from '../../../src/postgres/search-everywhere.ts';
import { createPostgresStores } from '../../../src/postgres/stores.ts';
import { createPseudonyms } from '../../../src/service/identity/pseudonyms.ts';
import type { LogFields, Logger } from '../../../src/service/ports/logger.ts';
import { liveFeed } from '../../support/api-world.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { decisionEvent } from '../../support/events.ts';

const RAW = 'person-77@example.com';
const FORCED = 'person-forced';

/** Every line that was logged, whatever its level. */
function noting(): { readonly logger: Logger; readonly lines: string[] } {
  const lines: string[] = [];
  const note =
    (level: string) =>
    (fields: LogFields, message: string): void =>
      void lines.push(`${level} ${message} ${JSON.stringify(fields)} ${inspect(fields)}`);
  const logger = { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') };
  return { logger, lines };
}

describe('the whole service with pseudonymous units', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'allot-pseudonyms-'));
  const { logger, lines } = noting();
  let database: TestDatabase;
  let running: RunningAllot;
  let client: AllotClient;
  let config: ReturnType<typeof readConfig>;
  let stored: string;
  const decisionIds: string[] = [];

  /** Files under the data directory but the secrets, as bytes. */
  const filesText = (): string =>
    readdirSync(dataDir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name !== 'secrets.json')
      .map((entry) => readFileSync(join(entry.parentPath, entry.name)).toString('latin1'))
      .join('\n');
  const tracesOf = (name: string) =>
    searchEverywhere(database.pool, { tenant: 'default', unitNames: [name] });
  const forgetting = (unitId: string, isStored = false) =>
    forget(
      { pool: database.pool, stores: createPostgresStores(database.pool), config },
      { tenant: 'default', unitId, isStored, isDryRun: false, isProven: true, patienceMs: 5_000 },
    );

  beforeAll(async () => {
    database = await createTestDatabase();
    config = readConfig({
      ALLOT_DATA_DIR: dataDir,
      ALLOT_HTTP_PORT: '0',
      DATABASE_URL: database.url,
      ALLOT_PSEUDONYMOUS_UNITS: 'true',
    });
    running = await startAllot(config, { logger });
    const { adminKey } = await running.ready;
    client = createClient({ url: running.url, key: adminKey ?? '' });
    stored = createPseudonyms(loadOrCreateSecrets(config.secretsFile).pseudonymKey)('default', RAW);
    const surface = await client.declareSurface('live-feed', liveFeed);
    const { version } = await client.publishPolicy(encodeArtifact(fixedPolicyArtifact(surface, [0.5, 0.5])));
    await client.setAlias('live-feed', 'champion', version);
    await client.createExperiment({
      surface: 'live-feed',
      name: 'e1',
      variants: [
        { name: 'control', role: 'control', policyVersion: version },
        { name: 'treatment', role: 'treatment', policyVersion: version },
      ],
      forcedUnits: { [FORCED]: 'treatment' },
    });
    await client.startExperiment('e1');
    for (let n = 0; n < 5; n += 1) {
      const request = { requestId: `r-${String(n)}`, surface: 'live-feed', features: { hour: 3 } };
      const { decisionId } = await client.decide({ ...request, unitId: RAW });
      decisionIds.push(decisionId);
      await client.expose([{ eventId: `x-${String(n)}`, decisionId }]);
    }
    await client.decide({ requestId: 'f', surface: 'live-feed', features: { hour: 3 }, unitId: FORCED });
    // A refusal says what was sent to whoever sent it, and to nobody else.
    const bad = client.decide({ requestId: 'b', surface: 'nowhere', unitId: RAW });
    await expect(bad).rejects.toMatchObject({ problem: { code: 'surface_unknown' } });
    for (let found = 0; found < 6;) {
      found = (await client.counts()).decisions;
      await new Promise((done) => setTimeout(done, 50));
    }
  }, 60_000);
  afterAll(async () => {
    await running.close();
    await database.drop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('the ids that were sent are in no table, no journal record or key, no log line and no answer', async () => {
    expect((await tracesOf(stored)).map(({ where }) => where)).toContain('decisions.unit_id');
    const answers = JSON.stringify([await client.decision(decisionIds[0]), await client.experiment('e1')]);
    for (const raw of [RAW, FORCED]) {
      expect(await tracesOf(raw)).toEqual([]);
      expect(filesText()).not.toContain(raw);
      expect(lines.join('\n')).not.toContain(raw);
      expect(answers).not.toContain(raw);
    }
    // What was looked through does hold the units.
    expect(filesText()).toContain(stored);
    expect(answers).toContain(stored);
    expect(lines.length).toBeGreaterThan(0);
  });

  it('`allot experiment create` stores forced units under their pseudonyms too', async () => {
    const file = join(dataDir, 'experiment.json');
    const variants = ['control', 'treatment'].map((name) => ({ name, role: name, alias: 'champion' }));
    const forcedUnits = { [FORCED]: 'treatment' };
    writeFileSync(file, JSON.stringify({ surface: 'live-feed', name: 'e2', variants, forcedUnits }));
    const { status, stderr } = spawnSync(
      process.execPath,
      ['--import', 'tsx', 'src/cli/main.ts', 'experiment', 'create', file],
      {
        cwd: new URL('../../../', import.meta.url),
        encoding: 'utf8',
        env: {
          ...process.env,
          DATABASE_URL: database.url,
          ALLOT_DATA_DIR: dataDir,
          ALLOT_PSEUDONYMOUS_UNITS: 'true',
        },
      },
    );
    rmSync(file);
    expect({ status, stderr }).toMatchObject({ status: 0 });
    expect((await client.experiment('e2')).forcedUnits).toEqual((await client.experiment('e1')).forcedUnits);
    expect(await tracesOf(FORCED)).toEqual([]);
  });

  it('decisions are replayed from what is stored', async () => {
    for (const id of decisionIds) expect(await client.replay(id)).toMatchObject({ match: true });
  });

  it('forgets a unit by the id that is sent, and only with the key that named it', async () => {
    const elsewhere = { ...config, secretsFile: join(dataDir, 'not-there.json') };
    const request = { tenant: 'default', unitId: RAW, isDryRun: true, isProven: false };
    const stores = createPostgresStores(database.pool);
    await expect(forget({ pool: database.pool, stores, config: elsewhere }, request)).rejects.toMatchObject({
      code: 'config_invalid',
    });
    const report = await forgetting(RAW);
    expect(report.deleted).toMatchObject({ decisions: 5, exposures: 5 });
    expect(report).toMatchObject({ isGone: true, traces: [] });
    expect(await tracesOf(stored)).toEqual([]);
  });

  it('a unit that was stored before pseudonyms is found by the proof, and goes with --stored', async () => {
    const { idKeys } = loadOrCreateSecrets(config.secretsFile);
    const id = { timeMs: Date.now(), tenant: 'default', surface: 'live-feed', random: new Uint8Array(8) };
    const decisionId = createDecisionIds([...idKeys]).mint(id);
    const events = [decisionEvent(1, { decisionId, unitId: 'from-before' })];
    await createPostgresStores(database.pool).events.write({ events, deadLetters: [] });
    const named = await forgetting('from-before');
    expect(named).toMatchObject({ isGone: false, deleted: { decisions: 0 } });
    expect(named.traces?.map(({ where }) => where)).toContain('decisions.unit_id');
    expect(await forgetting('from-before', true)).toMatchObject({ isGone: true, deleted: { decisions: 1 } });
  });

  it('another key is told loudly at the start, with what breaks and what to do, and by the doctor ever after', async () => {
    const quiet = noting();
    const parts = { pool: database.pool, config };
    const secrets = loadOrCreateSecrets(config.secretsFile);
    await checkPseudonymKey({ ...parts, secrets, logger: quiet.logger });
    expect(quiet.lines).toEqual([]);
    expect(await checkUnitNames(config)).toMatchObject({ state: 'ok' });
    expect(lines.filter((line) => line.includes('other names'))).toEqual([]);

    const loud = noting();
    const other = makeSecrets();
    await checkPseudonymKey({ ...parts, secrets: other, logger: loud.logger });
    expect(loud.lines).toHaveLength(1);
    expect(loud.lines[0]).toMatch(
      /^error .*another one.*nothing joins across the change.*put the old pseudonymKey back/,
    );

    const off = noting();
    const plain = { ...config, pseudonymousUnits: false };
    await checkPseudonymKey({ ...parts, config: plain, secrets, logger: off.logger });
    expect(off.lines[0]).toContain('pseudonyms are off');

    const told = await checkUnitNames(config);
    expect(told).toMatchObject({ state: 'warning' });
    expect(told.found).toContain('another one');
    const history = await pseudonymKeyHistory(database.pool);
    expect(history.uses).toHaveLength(2);
    const newest = history.uses[1].fingerprint;
    expect(unitNamesFinding('x', newest, history)).toMatchObject({ state: 'warning', check: 'unit names' });
    expect(unitNamesFinding('x', history.uses[0].fingerprint, history).found).toContain('nothing joins');
    for (const key of [secrets.pseudonymKey, other.pseudonymKey]) {
      expect(JSON.stringify(history)).not.toContain(Buffer.from(key).toString('hex').slice(0, 16));
    }
  });

  it('a damaged secrets file stops forget instead of naming the unit anew', async () => {
    const file = join(dataDir, 'damaged.json');
    writeFileSync(file, '{', { mode: 0o600 });
    const request = { tenant: 'default', unitId: RAW, isDryRun: true, isProven: false };
    const parts = { pool: database.pool, stores: createPostgresStores(database.pool) };
    await expect(
      forget({ ...parts, config: { ...config, secretsFile: file } }, request),
    ).rejects.toMatchObject({
      code: 'config_invalid',
    });
  });
});
