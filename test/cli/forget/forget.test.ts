import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSnapshot } from '../../../offline/snapshot.ts';
import { forget, type ForgetReport } from '../../../src/cli/forget/forget-unit.ts';
import { readConfig } from '../../../src/config/env.ts';
import { createDecisionIds } from '../../../src/core/feedback/decision-id.ts';
import { fixedPolicyArtifact } from '../../../src/core/policy/policy.ts';
import { startIngest } from '../../../src/ingest/pipeline.ts';
import { openJournal, type Journal } from '../../../src/journal/journal.ts';
import { searchEverywhere } from '../../../src/postgres/search-everywhere.ts';
import { createPostgresStores } from '../../../src/postgres/stores.ts';
import { silentLogger } from '../../../src/service/ports/logger.ts';
import { noMetrics } from '../../../src/service/ports/metrics.ts';
import { createSurfaces } from '../../../src/service/registry/surfaces.ts';
import { IDEMPOTENCY_WINDOW } from '../../../src/service/serving/idempotency-window.ts';
import { UNIT_COUNTER_KEYS } from '../../../src/service/serving/unit-counters.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { testSecrets, liveFeed } from '../../support/api-world.ts';
import { decisionEvent, exposureEvent, interactionEvent } from '../../support/events.ts';

const unit = 'person-77';
const neighbour = 'person-770';
const ids = createDecisionIds([...testSecrets.idKeys]);
const at = Date.now() - 3 * 3600_000;
let counter = 0;

const id = (): string =>
  ids.mint({
    timeMs: at,
    tenant: 'default',
    surface: 'live-feed',
    random: Uint8Array.from({ length: 8 }, (_, i) => (counter += 1) * (i + 3)),
  });
const decisionOf = (unitId: string, n: number) =>
  decisionEvent(n, {
    unitId,
    decisionId: id(),
    requestId: `request of ${unitId} ${String(n)}`,
    decidedAt: at,
    features: { hour: 1, score: 0.5, isMember: false },
  });
const shownTo = (decisionId: string, n: number) =>
  exposureEvent(n, { decisionId, occurredAt: at + 1000, receivedAt: at + 1000 });

describe('allot forget', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'allot-forget-'));
  const config = readConfig({ ALLOT_DATA_DIR: dataDir });
  let database: TestDatabase;
  let stores: ReturnType<typeof createPostgresStores>;
  let journal: Journal;
  const gone = [decisionOf(unit, 1), decisionOf(unit, 2)];
  const late = decisionOf(unit, 3);
  const kept = [decisionOf(neighbour, 4), decisionOf('person', 5)];
  let dry: ForgetReport;
  let report: ForgetReport;

  const run = (isDryRun: boolean) =>
    forget(
      { pool: database.pool, stores, config },
      { tenant: 'default', unitId: unit, isDryRun, isProven: true, reason: 'request 4711', patienceMs: 500 },
    );
  const traces = (unitNames: string[], decisionIds: string[] = []) =>
    searchEverywhere(database.pool, { tenant: 'default', unitNames, decisionIds });
  const filesUnder = (folder: string): string[] =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
  const journalText = (): string =>
    filesUnder(config.journal.directory)
      .map((file) => readFileSync(file).toString('latin1'))
      .join('\n');

  beforeAll(async () => {
    database = await createTestDatabase();
    stores = createPostgresStores(database.pool);
    const actor = { keyId: 'k', tenant: 'default', role: 'admin', surfaces: null } as const;
    const refresh = { refresh: () => Promise.resolve() } as never;
    const surfaces = createSurfaces({
      surfaces: stores.surfaces,
      policies: stores.policies,
      serving: refresh,
    });
    const surface = await surfaces.declare('live-feed', liveFeed, actor);
    expect(fixedPolicyArtifact(surface, [0.5, 0.5])).toBeDefined();

    journal = await openJournal({ ...config.journal, logger: silentLogger });
    journal.appendAll([...gone, ...kept, ...gone.map((d, n) => shownTo(d.decisionId, n))]);
    journal.appendAll([
      shownTo(kept[0].decisionId, 9),
      interactionEvent(1, { decisionId: gone[0].decisionId }),
    ]);
    const ingest = await startIngest({
      log: journal,
      store: stores.events,
      metrics: noMetrics,
      logger: silentLogger,
    });
    while ((await ingest.lag()) !== 0) await new Promise((resolve) => setTimeout(resolve, 20));
    await ingest.stop();
    const poison = (text: string) => ({ receivedAt: at, reason: 'test', record: Buffer.from(text) });
    await stores.events.write({
      events: [],
      deadLetters: [
        poison(`{"unitId":"${unit}"`),
        poison(`{"unitId":"${neighbour}"`),
        poison(JSON.stringify({ unitId: unit, v: 9 }).replace('p', '\\u0070')),
        poison(`{"decisionId":"${gone[1].decisionId}","v":9}`),
      ],
    });
    await createSnapshot(stores, {
      tenant: 'default',
      surface: 'live-feed',
      directory: join(dataDir, 'snapshots', 'monday'),
      until: Date.now(),
    });
    const places = ['dead_letters.record', 'decisions.unit_id', 'decisions.event'];
    expect((await traces([unit])).map(({ where }) => where)).toEqual(places);
    expect(journalText()).toContain(`"${unit}"`);

    dry = await run(true);
    report = await run(false);
  });
  afterAll(async () => {
    await journal.close();
    await database.drop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('a dry run counts the same and changes nothing', () => {
    expect(dry.deleted).toEqual(report.deleted);
    expect(dry.journal.records).toBe(report.journal.records);
    expect(dry.isGone).toBeNull();
  });

  it('deletes decisions, their feedback and the dead letters that mention the unit', () => {
    expect(report.deleted).toEqual({
      decisions: 2,
      exposures: 2,
      interactions: 1,
      deadLetters: 3,
      forcedIn: 0,
    });
    expect(report.isGone).toBe(true);
  });

  it('leaves no trace in any column of any table, nor in any file of the journal', async () => {
    expect(report.traces).toEqual([]);
    for (const name of [unit, ...gone.map((d) => d.decisionId)]) {
      expect(await traces([unit], [name])).toEqual([]);
      expect(journalText().replaceAll(neighbour, '')).not.toContain(name);
    }
  });

  it('leaves the neighbour whose name begins the same', async () => {
    expect(await stores.decisions.find('default', kept[0].decisionId)).toMatchObject({
      decision: { unitId: neighbour },
      exposures: [{}],
    });
    expect(await stores.deadLetters.list(10)).toHaveLength(1);
  });

  it('an unread journal of a dead process is still whole: readers pass over what was overwritten', async () => {
    journal.appendAll([late, shownTo(late.decisionId, 50), kept[1]]);
    const before = filesUnder(config.journal.directory).length;
    const again = await run(false);
    // It cannot be handed on here, as nobody reads: it waits, and is not touched under its reader.
    expect(again.journal.waiting).toBe(2);
    expect(again.isGone).toBe(false);
    await journal.close();
    const closed = await run(false);
    expect(closed.journal).toMatchObject({ waiting: 0, records: 2 });
    expect(closed.isGone).toBe(true);
    expect(filesUnder(config.journal.directory)).toHaveLength(before - 1);

    journal = await openJournal({ ...config.journal, logger: silentLogger });
    const ingest = await startIngest({
      log: journal,
      store: stores.events,
      metrics: noMetrics,
      logger: silentLogger,
    });
    while ((await ingest.lag()) !== 0) await new Promise((resolve) => setTimeout(resolve, 20));
    await ingest.stop();
    expect(await stores.deadLetters.list(10)).toHaveLength(1);
    expect(await traces([unit])).toEqual([]);
  }, 60_000);

  it('late events do not bring the unit back, feedback before its decision included', async () => {
    const events = [shownTo(late.decisionId, 60)];
    const another = decisionOf(unit, 7);
    const early = await stores.events.write({ events: [shownTo(another.decisionId, 61)], deadLetters: [] });
    expect(early.inserted.exposures).toBe(1);
    const counts = await stores.events.write({
      events: [...events, another, gone[0], kept[0]],
      deadLetters: [],
    });
    expect(counts.forgotten).toEqual({ decisions: 2, exposures: 1, interactions: 0 });
    expect(counts.duplicates.decisions).toBe(1);
    expect(await traces([unit])).toEqual([]);
    const { rows } = await database.pool.query('select from exposures where decision_id = $1', [
      another.decisionId,
    ]);
    expect(rows).toEqual([]);
  });

  it('says what it cannot reach, with the remedy: the frozen snapshot by its folder', () => {
    const places = report.outOfReach.map(({ place }) => place);
    expect(places).toContain(join(dataDir, 'snapshots', 'monday'));
    expect(places).toContain('backups');
    for (const { remedy } of report.outOfReach) expect(remedy.length).toBeGreaterThan(10);
  });

  it('names the snapshot that it could not search, and the last good copy that still has the unit on a side', async () => {
    const broken = join(dataDir, 'snapshots', 'half-written');
    const copies = ['last-good-control.bin', 'last-good-control.bin.previous'].map((f) => join(dataDir, f));
    mkdirSync(broken);
    writeFileSync(copies[0], `..."forcedUnits":{"${neighbour}":"control"}...`);
    writeFileSync(copies[1], `..."forcedUnits":{"${unit}":"control"}...`);
    const { outOfReach } = await run(true);
    const found = new Map(outOfReach.map((entry) => [entry.place, entry.found]));
    expect(found.get(broken)).toMatch(/^could not be searched/);
    expect(found.get(copies[1])).toContain('on a side');
    expect(found.has(copies[0])).toBe(false);
    for (const path of [broken, ...copies]) rmSync(path, { recursive: true });
    rmSync(join(dataDir, 'snapshots', 'monday'), { recursive: true });
    const places = (await run(true)).outOfReach.map(({ place }) => place);
    expect(places.filter((place) => place.startsWith(dataDir))).toEqual([]);
  });

  it('says as many decisions and capped answers as a process really holds in memory', () => {
    const { found } = report.outOfReach.find(({ place }) => place.startsWith('memory'))!;
    expect(found).toContain((2 * IDEMPOTENCY_WINDOW.decisions).toLocaleString('en'));
    expect(found).toContain((2 * UNIT_COUNTER_KEYS).toLocaleString('en'));
  });

  it('takes no reason that names the unit: the trail is kept', async () => {
    const request = { tenant: 'default', unitId: unit, isDryRun: true, isProven: false };
    await expect(
      forget({ pool: database.pool, stores, config }, { ...request, reason: `asked by ${unit}` }),
    ).rejects.toMatchObject({ code: 'invalid_request' });
  });

  it('a snapshot taken now leaves the unit out', async () => {
    const manifest = await createSnapshot(stores, {
      tenant: 'default',
      surface: 'live-feed',
      directory: join(dataDir, 'snapshots', 'tuesday'),
      until: Date.now(),
    });
    expect(manifest.units).toBeGreaterThan(0);
    const { outOfReach } = await run(true);
    expect(outOfReach.map(({ place }) => place)).not.toContain(join(dataDir, 'snapshots', 'tuesday'));
  });

  it('is in the audit trail, under a hash and not under the name', async () => {
    const [entry] = await stores.audit.list('default', 1);
    expect(entry).toMatchObject({ actor: 'cli', action: 'unit.forget', reason: 'request 4711' });
    expect(entry.subject).toMatch(/^[0-9a-f]{64}$/);
  });
});
