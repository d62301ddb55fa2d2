import pg from 'pg';
import { Part } from '../../faults/support/part.ts';
import type { TestDatabase } from '../../support/database.ts';

const SOON_MS = 30_000;

/** Controllers on one database: one that leads, one that stands by. */
export class Controllers {
  readonly #database: TestDatabase;
  readonly #all: Part[] = [];
  #leader: Part | null = null;
  #standby: Part | null = null;
  #epoch = 0;

  constructor(database: TestDatabase) {
    this.#database = database;
  }

  async start(): Promise<void> {
    this.#leader = this.#spawn();
    await this.#elected();
    this.#standby = this.#spawn();
  }

  /** SIGKILL of the leader. */
  async killLeader(): Promise<void> {
    await this.#leader?.kill();
  }

  /** The one that stood by leads, and another one stands by. */
  async succeed(): Promise<void> {
    this.#leader = this.#standby;
    await this.#elected();
    this.#standby = this.#spawn();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#all.map((part) => part.kill()));
  }

  /** A leader's transaction waits for a lock that the test holds: it is between two of its writes. */
  async untilBlocked(): Promise<void> {
    await this.until('a controller waits for a lock', async () => {
      const { rowCount } = await this.#database.pool.query(
        `select from pg_stat_activity
         where datname = current_database() and application_name = 'allot-controller' and wait_event_type = 'Lock'`,
      );
      return rowCount === 1;
    });
  }

  async until(what: string, holds: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + SOON_MS;
    while (!(await holds())) {
      if (Date.now() > deadline)
        throw new Error(`not within ${SOON_MS} ms: ${what}\n${this.#all.at(-1)?.said ?? ''}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  #spawn(): Part {
    const part = new Part('controller', {
      DATABASE_URL: this.#database.url,
      ALLOT_LOOK_INTERVAL_MS: '100',
    });
    part.start();
    this.#all.push(part);
    return part;
  }

  async #elected(): Promise<void> {
    await this.until('the next controller leads', async () => {
      const { rows } = await this.#database.pool.query<{ epoch: string }>(
        `select epoch from leader_epochs where name = 'controller'`,
      );
      const epoch = Number(rows.at(0)?.epoch ?? 0);
      const isNew = epoch > this.#epoch;
      if (isNew) this.#epoch = epoch;
      return isNew;
    });
  }
}

/** A transaction of the test that holds what `statement` locks; rolled back when it lets go. */
export async function holdLock(url: string, statement: string): Promise<{ release(): Promise<void> }> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('begin');
  await client.query(statement);
  return { release: () => client.end() };
}
