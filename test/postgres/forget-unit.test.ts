import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LogEvent } from '../../src/core/feedback/events.ts';
import { forgetUnit } from '../../src/postgres/forget-unit.ts';
import { createPostgresStores } from '../../src/postgres/stores.ts';
import { actorOf, experiment, feedSurface, mintId, newTenant } from '../contracts/stores/support.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { decisionEvent, exposureEvent } from '../support/events.ts';

const AT = Date.UTC(2026, 4, 6, 12);
let database: TestDatabase;
let stores: ReturnType<typeof createPostgresStores>;
beforeAll(async () => {
  database = await createTestDatabase();
  stores = createPostgresStores(database.pool);
});
afterAll(() => database.drop());

const forget = (tenant: string, unitId: string) =>
  forgetUnit(database.pool, { tenant, unitId, actor: 'cli', isDryRun: false });
const write = (events: readonly LogEvent[], letters: readonly string[] = []) =>
  stores.events.write({ events, deadLetters: letters.map(letter) });
const letter = (text: string) => ({ receivedAt: AT, reason: 'v: must be 1', record: Buffer.from(text) });
const decisionOf = (tenant: string, unitId: string, changes: Partial<LogEvent> = {}) =>
  decisionEvent(0, { tenant, unitId, decisionId: mintId(tenant, AT), decidedAt: AT, ...changes } as never);
const json = (value: unknown): string => JSON.stringify(value);

async function letters(): Promise<string[]> {
  const { rows } = await database.pool.query<{ record: Buffer }>('select record from dead_letters');
  return rows.map(({ record }) => record.toString()).sort();
}

describe('feedback that was stored before its decision', () => {
  const exposures = async (decisionId: string): Promise<unknown> =>
    (
      await database.pool.query('select count(*)::integer as n from exposures where decision_id = $1', [
        decisionId,
      ])
    ).rows[0];

  it('goes with its unit when a journal names the decision, and when it came back before the decision did', async () => {
    const tenant = newTenant();
    const decision = decisionOf(tenant, 'person-78');
    const { decisionId } = decision;
    const exposure = exposureEvent(0, { tenant, decisionId, occurredAt: AT, receivedAt: AT });
    await write([exposure]);
    const decisionIds = [{ day: '2026-05-06', decisionId }];
    const options = { tenant, unitId: 'person-78', actor: 'cli', isDryRun: false, decisionIds };
    expect(await forgetUnit(database.pool, options)).toMatchObject({ decisions: 0, exposures: 1 });
    expect(await exposures(decisionId)).toEqual({ n: 0 });
    // As versions before this one left it behind: noted already, and still there.
    await database.pool.query('delete from forgotten_decisions where decision_id = $1', [decisionId]);
    await write([exposure]);
    await database.pool.query(`insert into forgotten_decisions values ('2026-05-06', $1)`, [decisionId]);
    await write([decision]);
    expect(await exposures(decisionId)).toEqual({ n: 0 });
  });
});

describe('dead letters of a forgotten unit', () => {
  it('go; those of other units and other tenants that hold the same number stay', async () => {
    const [tenant, other] = [newTenant(), newTenant()];
    const decision = decisionOf(tenant, '1');
    const kept = [
      json({ v: 9, tenant, unitId: '2', draw: 1, features: { hour: 1, x: '1' } }),
      json({ v: 9, tenant: other, unitId: '1' }),
      json({ v: 9, tenant: other, decisionId: mintId(other, AT), value: 1 }),
      `{"v":1,"tenant":"${other}","unitId":"2"`,
    ].sort();
    const gone = [
      json({ v: 9, tenant, unitId: '1' }),
      json({ v: 9, tenant, unitId: 1 }),
      json({ v: 9, tenant, decisionId: decision.decisionId }),
      json({ v: 9, decisionId: decision.decisionId }),
      json({ v: 9, tenant, unit_id: '1' }),
      `{"tenant":"${tenant}","unitId":"1"`,
    ];
    await write([decision], [...kept, ...gone]);
    expect(await forget(tenant, '1')).toMatchObject({ decisions: 1, deadLetters: gone.length });
    expect(await letters()).toEqual(kept);
  });

  it('do not come back when they arrive later', async () => {
    const [tenant, other] = [newTenant(), newTenant()];
    const decision = decisionOf(tenant, 'person-77');
    await write([decision]);
    await forget(tenant, 'person-77');
    const before = await letters();
    const kept = [
      json({ v: 9, tenant: other, unitId: 'person-77' }),
      json({ v: 9, tenant, unitId: 'person-770' }),
      // Follows no grammar: nothing tells a hash what to compare with.
      '{"unitId":"person-77"',
    ];
    const counts = await write(
      [],
      [
        ...kept,
        json({ v: 9, tenant, unitId: 'person-77' }),
        json({ v: 9, unitId: 'person-77' }),
        json({ v: 9, tenant, decisionId: decision.decisionId }),
        // PostgreSQL refuses the event, so that ingest sets it aside: it is the unit's all the same.
        json(decisionOf(tenant, 'person-77', { features: { country: '\0' } })),
      ],
    );
    expect(counts.deadLetters).toBe(kept.length);
    expect(await letters()).toEqual([...before, ...kept].sort());
  });
});

describe('a look that reads while a unit is forgotten', () => {
  it('does not bring it back into the units of the experiment', async () => {
    const tenant = newTenant();
    await stores.surfaces.declare(feedSurface(), actorOf(tenant));
    await stores.experiments.create(experiment('e1', { state: 'running' }), actorOf(tenant));
    const side = { experiment: 'e1', variant: 'control', block: 0 };
    await write([
      decisionOf(tenant, 'person-77', side),
      decisionOf(tenant, 'person-78', side),
      exposureEvent(1, { tenant, decisionId: mintId(tenant, AT) }),
    ]);
    const blocker = await database.pool.connect();
    try {
      // Holds the look's insert back after its statement has read the decisions.
      await blocker.query('begin');
      await blocker.query(
        `insert into experiment_units (tenant, experiment, unit_id, variant, first_assigned_at, first_stored_at)
         values ($1, 'e1', 'person-77', 'control', now(), now())`,
        [tenant],
      );
      const reading = stores.experimentUnits.readArrivals(tenant, 'e1');
      await untilWaiting(1);
      const forgetting = forget(tenant, 'person-77');
      await Promise.race([forgetting, untilWaiting(2)]);
      await blocker.query('rollback');
      await Promise.all([reading, forgetting]);
    } finally {
      blocker.release();
    }
    const { rows } = await database.pool.query('select unit_id from experiment_units where tenant = $1', [
      tenant,
    ]);
    expect(rows).toEqual([{ unit_id: 'person-78' }]);
  });
});

/** Until so many connections of this database wait for a lock. */
async function untilWaiting(wanted: number): Promise<void> {
  for (;;) {
    const { rows } = await database.pool.query<{ n: number }>(
      `select count(*)::integer as n from pg_stat_activity
       where datname = current_database() and wait_event_type = 'Lock'`,
    );
    if (rows[0].n >= wanted) return;
    await sleep(10);
  }
}
