import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { AllotError } from '../core/errors.ts';
import type { Logger } from '../service/ports/logger.ts';
import type { Fence } from '../service/ports/stores.ts';
import { connectionSettings } from './database.ts';
import { inTransaction } from './transaction.ts';

export interface Leadership {
  readonly name: string;
  /** The epoch while this process leads, else null. */
  epoch(): number | null;
  /** Calls back whenever this process is elected; at once where it leads already. */
  onElected(listener: () => void): void;
  stop(): Promise<void>;
}

export interface LeadershipOptions {
  readonly url: string;
  readonly name: string;
  readonly logger: Logger;
  readonly retryMs?: number;
}

/**
 * Leader election by a session's advisory lock on a connection of its own (it needs a direct URL, not a pooler).
 *
 * States: waiting → (lock) → leading with epoch n + 1 → (connection lost, or stop) → waiting. A leader that was frozen
 * may believe in its epoch after another one was elected, so each of its writes goes through `asLeader`.
 */
export async function startLeadership(options: LeadershipOptions): Promise<Leadership> {
  const abort = new AbortController();
  const listeners: (() => void)[] = [];
  let epoch: number | null = null;
  const failures = createFailureLog(options);
  const onEpoch = (next: number): void => {
    epoch = next;
    failures.forget();
    for (const listener of listeners) listener();
  };
  const running = (async () => {
    while (!abort.signal.aborted) {
      await lead(options, abort.signal, onEpoch).catch((error: unknown) => failures.note(error));
      epoch = null;
      await pause(options.retryMs ?? 1_000, abort.signal);
    }
  })();
  return {
    name: options.name,
    epoch: () => epoch,
    onElected(listener) {
      listeners.push(listener);
      if (epoch !== null) listener();
    },
    async stop() {
      abort.abort();
      await running;
    },
  };
}

/** It tries again every second for ever: each reason is told once, and again after it has led. */
function createFailureLog({ name, logger }: LeadershipOptions) {
  const told = new Set<string>();
  return {
    note(error: unknown): void {
      const reason = String(error);
      if (told.has(reason)) return;
      told.add(reason);
      logger.warn({ error, leader: name }, 'this process cannot stand for leader; it goes on trying');
    },
    forget: () => told.clear(),
  };
}

async function lead(
  options: LeadershipOptions,
  signal: AbortSignal,
  onEpoch: (epoch: number) => void,
): Promise<void> {
  const client = new pg.Client(connectionSettings(options.url, { applicationName: 'allot-leader' }));
  const lost = new AbortController();
  client.on('error', () => lost.abort());
  client.on('end', () => lost.abort());
  try {
    await client.connect();
    while (!(await tryLock(client, options.name))) {
      await pause(options.retryMs ?? 1_000, signal);
      if (signal.aborted) return;
    }
    onEpoch(await nextEpoch(client, options.name));
    // Asking now and then notices a server that went away without a word.
    while (!signal.aborted && !lost.signal.aborted) {
      await pause(options.retryMs ?? 1_000, AbortSignal.any([signal, lost.signal]));
      await client.query({ text: 'select 1', query_timeout: 5_000 } as pg.QueryConfig);
    }
  } finally {
    await Promise.race([client.end().catch(() => undefined), sleep(1_000, undefined, { ref: false })]);
  }
}

async function tryLock(client: pg.Client, name: string): Promise<boolean> {
  const { rows } = await client.query<{ is_ours: boolean }>(
    `select pg_try_advisory_lock(hashtextextended('allot.leader.' || $1, 0)) as is_ours`,
    [name],
  );
  return rows[0].is_ours;
}

async function nextEpoch(client: pg.Client, name: string): Promise<number> {
  const { rows } = await client.query<{ epoch: string }>(
    `insert into leader_epochs (name, epoch, holder) values ($1, 1, $2)
     on conflict on constraint leader_epochs_pkey do update
     set epoch = leader_epochs.epoch + 1, holder = excluded.holder, elected_at = now()
     returning epoch`,
    [name, randomUUID()],
  );
  return Number(rows[0].epoch);
}

/** Runs `work` in a transaction that holds only while `epoch` is the newest; else `state_conflict`, nothing written. */
export function asLeader<T>(
  pool: pg.Pool,
  leader: Fence,
  work: (client: pg.PoolClient) => Promise<T>,
): Promise<T> {
  return inTransaction(pool, async (client) => {
    await requireLeader(client, leader);
    return work(client);
  });
}

/** Inside a transaction: it commits only under the newest leader. */
export async function requireLeader(client: pg.ClientBase, leader: Fence | undefined): Promise<void> {
  if (leader === undefined) return;
  // The shared row lock keeps a successor from being elected between this look and the commit.
  const { rowCount } = await client.query(
    'select from leader_epochs where name = $1 and epoch = $2 for share',
    [leader.name, leader.epoch],
  );
  if (rowCount === 0) {
    throw new AllotError('state_conflict', `${leader.name}: epoch ${String(leader.epoch)} no longer leads`);
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal, ref: false }).catch(() => undefined);
}
