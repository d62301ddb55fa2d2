import { createHash, randomUUID } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { decodeArtifact } from '../../../src/core/policy/codec.ts';
import { createRunStore } from '../../../src/postgres/run-store.ts';
import type { RunKind, RunRecord } from '../../../src/service/ports/runs.ts';

const STARTED_WITHIN_MS = 120_000;
const ENDED_WITHIN_MS = 300_000;

/** A job to queue, and what two executions of it have in common. */
export interface Job {
  readonly kind: RunKind;
  readonly config: Readonly<Record<string, unknown>>;
  readonly essenceOf: (result: Readonly<Record<string, unknown>>, pool: pg.Pool) => Promise<unknown>;
}

export interface QueuedJob {
  /** Of its process; waits until there is one that is not `before`. */
  pid(before?: number): Promise<number>;
  ended(): Promise<RunRecord>;
}

/** Queues it as the API does; snapshots have no route. */
export async function queueJob(pool: pg.Pool, { kind, config }: Job): Promise<QueuedJob> {
  const runs = createRunStore(pool);
  const id = randomUUID();
  await runs.enqueue({ id, kind, surface: 'live-feed', config }, { tenant: 'default', id: 'faults' });
  return {
    async pid(before) {
      for (const since = Date.now(); Date.now() - since < STARTED_WITHIN_MS; await sleep(10)) {
        const pid = processOf(id);
        if (pid !== undefined && pid !== before) return pid;
      }
      throw new Error(`the ${kind} run has no process`);
    },
    async ended() {
      for (const since = Date.now(); Date.now() - since < ENDED_WITHIN_MS; await sleep(50)) {
        const run = await runs.find('default', id);
        if (run !== undefined && run.finishedAt !== null) return run;
      }
      throw new Error(`the ${kind} run did not end`);
    },
  };
}

/** By `/proc`: the one whose command line names the run. */
function processOf(runId: string): number | undefined {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .find((pid) => {
      try {
        return readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8').includes(`--run\0${runId}`);
      } catch {
        return false;
      }
    });
}

/** Same seed, same data: the same weights. The artifact around them names its run. */
export async function weightsHash(pool: pg.Pool, artifactHash: unknown): Promise<string> {
  const { rows } = await pool.query<{ bytes: Buffer }>('select bytes from artifacts where hash = $1', [
    artifactHash,
  ]);
  const { weights } = decodeArtifact(new Uint8Array(rows[0].bytes));
  return createHash('sha256').update(new Uint8Array(weights.buffer)).digest('hex');
}
