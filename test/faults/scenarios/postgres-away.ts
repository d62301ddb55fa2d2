import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { signalAll, withChildren } from '../../support/process-tree.ts';
import type { FaultContext, FaultOutcome, Scenario } from '../scenario.ts';
import { Load } from '../support/load.ts';
import type { GivenWorld } from '../support/world.ts';

/** A way for PostgreSQL to be of no use; `begin` resolves when it is, with what ends it. */
export interface Outage {
  readonly fault: string;
  readonly begin: (world: GivenWorld) => Promise<() => Promise<void>>;
  readonly isShort: boolean;
}

export const stopped: Outage = {
  fault: 'PostgreSQL stopped',
  isShort: true,
  begin: async ({ postgres }) => {
    await postgres.stop();
    return () => postgres.startAgain();
  },
};

export const frozen: Outage = {
  fault: 'PostgreSQL frozen (SIGSTOP)',
  isShort: true,
  begin: async ({ postgres }) => {
    const pids = withChildren(postgres.pid);
    signalAll(pids, 'SIGSTOP');
    return async () => signalAll(pids, 'SIGCONT');
  },
};

const blackHoled = (reset: boolean): Outage => ({
  fault: `PostgreSQL black-holed, old connections ${reset ? 'cut at the end' : 'silent for good'}`,
  isShort: reset,
  begin: async ({ postgres }) => {
    postgres.proxy.swallow();
    return async () => postgres.proxy.pass({ reset });
  },
});

const killed: Outage = {
  fault: 'PostgreSQL killed (SIGKILL), recovers',
  isShort: true,
  begin: async ({ postgres }) => {
    process.kill(postgres.pid, 'SIGKILL');
    // Its supervisor notices, and starts it again.
    return async () => {
      await postgres.startAgain();
    };
  },
};

const outOfConnections: Outage = {
  fault: 'PostgreSQL out of connections',
  isShort: true,
  begin: async ({ postgres }) => {
    const taken: pg.Client[] = [];
    await postgres.pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and backend_type = 'client backend'`,
    );
    for (;;) {
      const client = new pg.Client({ connectionString: postgres.directUrl });
      client.on('error', () => undefined);
      try {
        await client.connect();
        taken.push(client);
      } catch {
        break;
      }
    }
    return async () => void (await Promise.all(taken.map((client) => client.end())));
  },
};

const readOnly: Outage = {
  fault: 'PostgreSQL read-only',
  isShort: true,
  begin: async ({ postgres }) => {
    const set = async (value: 'on' | 'off'): Promise<void> => {
      const client = new pg.Client({ connectionString: postgres.directUrl });
      await client.connect();
      await client.query('set default_transaction_read_only = off');
      await client.query(`alter system set default_transaction_read_only = ${value}`);
      await client.query('select pg_reload_conf()');
      await client.end();
    };
    await set('on');
    return () => set('off');
  },
};

const outages = [stopped, frozen, blackHoled(true), killed, outOfConnections, readOnly, blackHoled(false)];

/** Decisions go on while PostgreSQL is of no use, and everything accepted meanwhile is stored once it is back. */
export const postgresAway: Scenario = {
  name: 'postgres-away',
  isShort: true,
  unmet: () => (existsSync('/proc/self/stat') ? null : 'freezing a server needs /proc'),
  run: async (context) => {
    const world = await context.world();
    const rows: FaultOutcome[] = [];
    for (const outage of outages) {
      if (context.isShort && !outage.isShort) continue;
      rows.push(await during(context, world, outage));
    }
    return rows;
  },
};

export async function during(
  context: FaultContext,
  world: GivenWorld,
  { fault, begin }: Outage,
): Promise<FaultOutcome> {
  const seconds = context.isShort ? 2 : 15;
  const load = new Load(context.folder, () => world.client);
  await sleep(300);
  const end = await begin(world);
  const before = load.tally.answered;
  await sleep(seconds * 1_000);
  if (load.tally.answered === before) load.broken('no decision was answered during the outage');
  const endedAt = Date.now();
  await end();
  await load.untilCaughtUp(world.pool, endedAt);
  await load.untilAnswered(Date.now());
  return await load.outcome(`${fault}, ${String(seconds)} s`, world.pool);
}
