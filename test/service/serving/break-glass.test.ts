import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createBreakGlassFile } from '../../../src/disk/break-glass-file.ts';
import { createControlReader } from '../../../src/postgres/control-reader.ts';
import { createPostgresStores } from '../../../src/postgres/stores.ts';
import { createApiWorld, type ApiWorld } from '../../support/api-world.ts';
import { createTestDatabase } from '../../support/database.ts';

const folder = mkdtempSync(join(tmpdir(), 'allot-break-glass-'));
const file = join(folder, 'break-glass');
afterEach(() => rmSync(file, { force: true }));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the break-glass file', () => {
  let world: ApiWorld;
  const notes: (readonly string[])[] = [];
  let isAway = false;
  beforeAll(async () => {
    const plain = await createApiWorld();
    await plain.stop();
    const { control } = plain.stores;
    world = await createApiWorld({
      breakGlass: createBreakGlassFile(folder),
      control: {
        revision: () => (isAway ? Promise.reject(new Error('away')) : control.revision()),
        load: () => control.load(),
        loadArtifact: (hash) => control.loadArtifact(hash),
        watch: (hint) => control.watch(hint),
        confirm: (replica, revision) => control.confirm(replica, revision),
        retire: (replica) => control.retire(replica),
        replicas: () => control.replicas(),
        noteBreakGlass: (_, { killed }) => Promise.resolve(void notes.push(killed)),
      },
    });
    const surface = await plain.declare();
    const version = await plain.policy(surface, [0.5, 0.5]);
    await plain.services.policies.setAlias('live-feed', 'champion', { version }, plain.admin);
    await world.serving.refresh();
  });
  afterAll(() => world.stop());

  const admin = () => ({ ...world.admin });
  const decide = (requestId: string) =>
    world.serving.decide({ requestId, surface: 'live-feed', unitId: 'u', features: { hour: 1 } }, admin());

  it.each([['live-feed'], ['acme/live-feed'], ['# by Ann, 4 May\nother\n live-feed # now']])(
    'kills the surfaces that it names at the next poll, and lets go when it is gone: %j',
    async (text) => {
      expect(decide(`before ${text}`)).toMatchObject({ fallback: null });
      writeFileSync(file, text);
      await world.serving.refresh();
      expect(decide(`during ${text}`)).toMatchObject({ fallback: 'killed', action: 'none', propensity: 1 });
      rmSync(file);
      await world.serving.refresh();
      expect(decide(`after ${text}`)).toMatchObject({ fallback: null });
    },
  );

  it('of another tenant or surface has no effect', async () => {
    writeFileSync(file, 'rival/live-feed\nlive-fee\n');
    await world.serving.refresh();
    expect(decide('other')).toMatchObject({ fallback: null });
  });

  it('works while the database is away, and the audit trail is told when it is back', async () => {
    await world.serving.refresh();
    notes.length = 0;
    isAway = true;
    writeFileSync(file, 'live-feed');
    await world.serving.refresh();
    expect(decide('away')).toMatchObject({ fallback: 'killed' });
    expect(notes).toEqual([]);
    isAway = false;
    await world.serving.refresh();
    expect(notes).toEqual([['live-feed']]);
    await world.serving.refresh();
    expect(notes).toHaveLength(1);
  });
});

it('PostgreSQL keeps the note for the tenants concerned', async () => {
  const database = await createTestDatabase();
  try {
    const stores = createPostgresStores(database.pool);
    for (const [tenant, name] of [
      ['acme', 'live-feed'],
      ['rival', 'live-feed'],
      ['third', 'shop'],
    ]) {
      await database.pool.query(
        `insert into surfaces (tenant, name, schema_version, definition) values ($1, $2, 1, '{}')`,
        [tenant, name],
      );
    }
    const { noteBreakGlass } = createControlReader(database.pool);
    await noteBreakGlass?.('replica-1', { at: 0, killed: ['acme/live-feed', 'shop'] });
    const noted = await Promise.all(['acme', 'rival', 'third'].map((tenant) => stores.audit.list(tenant, 5)));
    expect(noted.map((entries) => entries.length)).toEqual([1, 0, 1]);
    expect(noted[0][0]).toMatchObject({ action: 'surface.break-glass', subject: 'replica-1' });
  } finally {
    await database.drop();
  }
});
