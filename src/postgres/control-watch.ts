import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { CONTROL_CHANNEL } from './transaction.ts';

const RETRY_MS = 1_000;

/**
 * LISTEN on a connection of its own. It resolves at once, whether or not the database is there, and reconnects for
 * ever; every new connection is a hint too, as what was sent in between is lost.
 */
export async function watchControl(pool: pg.Pool, onHint: () => void): Promise<{ stop(): Promise<void> }> {
  const abort = new AbortController();
  const running = (async () => {
    while (!abort.signal.aborted) {
      await listenOnce(pool, onHint, abort.signal).catch(() => undefined);
      await sleep(RETRY_MS, undefined, { signal: abort.signal, ref: false }).catch(() => undefined);
    }
  })();
  return {
    async stop() {
      abort.abort();
      await running;
    },
  };
}

/** Returns when the connection has ended. */
async function listenOnce(pool: pg.Pool, onHint: () => void, signal: AbortSignal): Promise<void> {
  const client = new pg.Client(pool.options);
  const ended = new Promise<void>((done) => {
    client.on('error', () => done());
    client.on('end', () => done());
    signal.addEventListener('abort', () => done(), { once: true });
  });
  try {
    await client.connect();
    client.on('notification', onHint);
    await client.query(`listen ${CONTROL_CHANNEL}`);
    if (signal.aborted) return;
    onHint();
    await ended;
  } finally {
    await Promise.race([client.end().catch(() => undefined), sleep(1_000, undefined, { ref: false })]);
  }
}
