import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LogEvent } from '../../src/core/feedback/events.ts';
import { startIngest } from '../../src/ingest/pipeline.ts';
import { openJournal } from '../../src/journal/journal.ts';
import { createMemoryEventLog } from '../../src/memory/event-log.ts';
import { createPostgresStores } from '../../src/postgres/stores.ts';
import { startForwarder } from '../../src/service/delivery/forwarder.ts';
import { silentLogger } from '../../src/service/ports/logger.ts';
import { noMetrics } from '../../src/service/ports/metrics.ts';
import { eventually } from '../contracts/event-log-contract.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { goldenEvents } from '../support/golden-events.ts';

const written = goldenEvents.writtenBefore.flatMap(({ records }) =>
  records.map((text) => JSON.parse(text) as LogEvent),
);
const all = [...goldenEvents.read.map(({ event }) => event), ...written];

let database: TestDatabase;
let data: string;
beforeAll(async () => {
  database = await createTestDatabase();
  data = mkdtempSync(join(tmpdir(), 'allot-golden-'));
});
afterAll(async () => {
  await database.drop();
  rmSync(data, { recursive: true, force: true });
});

describe('the golden records, from the journal through another log into PostgreSQL', () => {
  it('come out as they went in: unknown fields, doubles and texts of every earlier version', async () => {
    const journal = await openJournal({
      ...{ directory: join(data, 'journal'), segmentBytes: 1e6, maxBytes: 1e8, sync: 'group' },
    });
    const log = createMemoryEventLog();
    const carried: string[] = [];
    const tap = {
      ...log,
      consume: log.consume.bind(log),
      publish: (records: Parameters<typeof log.publish>[0]) => {
        carried.push(...records.map(({ value }) => Buffer.from(value).toString()));
        return log.publish(records);
      },
    };
    const { events: store, decisions } = createPostgresStores(database.pool);
    const ingest = await startIngest({ log, store, metrics: noMetrics, logger: silentLogger });
    const forwarder = await startForwarder(journal, tap, () =>
      Promise.reject(new Error('nothing is too large')),
    );
    try {
      journal.appendAll(all);
      const kinds = (kind: LogEvent['kind']): number => all.filter((event) => event.kind === kind).length;
      const wanted = { decisions: kinds('decision'), exposures: kinds('exposure') };
      await eventually(async () => {
        const counts = await decisions.counts('acme');
        return counts.decisions === wanted.decisions && counts.exposures === wanted.exposures;
      });
      expect(carried).toEqual(all.map((event) => JSON.stringify(event)));
      const found = await Promise.all(
        all.map(async ({ decisionId }) => await decisions.find('acme', decisionId)),
      );
      all.forEach((event, n) => {
        const record = found[n];
        const stored = [record?.decision, ...(record?.exposures ?? []), ...(record?.interactions ?? [])];
        expect(stored).toContainEqual(event);
      });
    } finally {
      await forwarder.stop();
      await ingest.stop();
      await journal.close();
    }
  });
});
