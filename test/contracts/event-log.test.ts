import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openJournal } from '../../src/journal/journal.ts';
import { createMemoryEventLog } from '../../src/memory/event-log.ts';
import { describeEventLog } from './event-log-contract.ts';

describeEventLog('memory', async () => ({
  log: createMemoryEventLog(),
  remove: async () => undefined,
}));

describeEventLog('journal', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'allot-journal-'));
  const log = await openJournal({
    directory,
    segmentBytes: 16_384,
    maxBytes: 64 * 1024 * 1024,
    sync: 'group',
    batchRecords: 37,
  });
  return { log, remove: async () => rmSync(directory, { recursive: true, force: true }) };
});
