import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDecisionIds } from '../../src/core/feedback/decision-id.ts';
import type { DecisionEvent } from '../../src/core/feedback/events.ts';
import { openJournal } from '../../src/journal/journal.ts';
import { createPostgresStores } from '../../src/postgres/stores.ts';
import { eventually } from '../contracts/event-log-contract.ts';
import { type TestDatabase, createTestDatabase } from '../support/database.ts';
import { decisionEvent, exposureEvent, interactionEvent } from '../support/events.ts';

const DECISIONS = 6_000;
const main = fileURLToPath(new URL('../../src/ingest/main.ts', import.meta.url));
const ids = createDecisionIds([{ id: 1, key: new Uint8Array(16).fill(7) }]);

function decisionWithId(n: number): DecisionEvent {
  const decidedAt = 1_700_000_000_000 + n;
  const random = new Uint8Array(8);
  new DataView(random.buffer).setUint32(0, n);
  const decisionId = ids.mint({ timeMs: decidedAt, tenant: 'default', surface: 'live-feed', random });
  return decisionEvent(n, { decisionId, decidedAt, propensity: 1 / (2 + (n % 5)) });
}

describe('the ingest process', () => {
  let database: TestDatabase;
  let data: string;
  beforeEach(async () => {
    database = await createTestDatabase();
    data = mkdtempSync(join(tmpdir(), 'allot-ingest-'));
  });
  afterEach(async () => {
    await database.drop();
    rmSync(data, { recursive: true, force: true });
  });

  const start = (): { child: ChildProcess; ended: Promise<number | null> } => {
    const child = spawn(process.execPath, ['--import', 'tsx', main], {
      env: { PATH: process.env['PATH'], DATABASE_URL: database.url, ALLOT_DATA_DIR: data },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr?.on('data', (text) => (said += String(text)));
    const ended = new Promise<number | null>((resolve) =>
      child.once('exit', (code) => {
        if (code !== null && code !== 0) console.error(said);
        resolve(code);
      }),
    );
    return { child, ended };
  };

  it('stores every event of an adopted journal exactly once, killed in the middle and started again', async () => {
    const journal = await openJournal({
      directory: join(data, 'journal'),
      segmentBytes: 256 * 1024,
      maxBytes: 1e9,
      sync: 'group',
    });
    const decisions = Array.from({ length: DECISIONS }, (_, n) => decisionWithId(n));
    decisions.forEach(({ decisionId }, n) => {
      // Feedback first, and every tenth twice.
      const feedback = [exposureEvent(n, { decisionId }), interactionEvent(n, { decisionId })];
      journal.appendAll(n % 10 === 0 ? [...feedback, ...feedback] : feedback);
      journal.append(decisions[n]);
    });
    await journal.close();

    const { decisions: reader } = createPostgresStores(database.pool);
    const stored = async (): Promise<number> => (await reader.counts('default')).decisions;
    const first = start();
    await eventually(async () => (await stored()) > 0);
    first.child.kill('SIGKILL');
    await first.ended;
    const afterKill = await stored();

    const second = start();
    await eventually(async () => (await stored()) === DECISIONS);
    second.child.kill('SIGTERM');
    expect(await second.ended).toBe(0);

    expect(afterKill).toBeLessThan(DECISIONS);
    expect(await reader.counts('default')).toEqual({
      decisions: DECISIONS,
      exposures: DECISIONS,
      interactions: DECISIONS,
      orphans: 0,
    });
    for (const n of [0, 1, 2_999, DECISIONS - 1]) {
      expect((await reader.find('default', decisions[n].decisionId))?.decision).toEqual(decisions[n]);
    }
  }, 60_000);
});
