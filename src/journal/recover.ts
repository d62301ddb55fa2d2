import { rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AllotError } from '../core/errors.ts';
import type { Logger } from '../service/ports/logger.ts';
import { noMetrics } from '../service/ports/metrics.ts';
import { DamageReports } from './damage.ts';
import { bytesUnder } from './folders-under.ts';
import { openOwnFolder } from './own-folder.ts';
import { OWNER_FILE } from './owner.ts';
import { OVERHEAD_BYTES, type StoredRecord } from './record.ts';

const RECORDS_AT_ONCE = 100;

/**
 * Hands records that were set aside back for delivery: into a journal folder of their own, which belongs to this process while
 * it is filled and to nobody afterwards, so that a running journal adopts it within seconds, or the next start does. What was delivered
 * before has no effect again; the files that were set aside stay. `journal_full` where the journal has no room.
 */
export async function handBack(
  {
    directory,
    ...options
  }: {
    readonly directory: string;
    readonly segmentBytes: number;
    readonly maxBytes: number;
    readonly logger: Logger;
  },
  records: readonly StoredRecord[],
): Promise<void> {
  if (records.length === 0) return;
  refuseFull(directory, options.maxBytes, records);
  const reports = new DamageReports(directory, options.logger, noMetrics);
  const { folder, writer } = openOwnFolder(directory, reports, { ...options, sync: 'group' });
  try {
    for (let i = 0; i < records.length; i += RECORDS_AT_ONCE) {
      const some = records.slice(i, i + RECORDS_AT_ONCE);
      // With the time of today: their own would raise the alarm of a journal that nobody empties.
      const now = Date.now();
      writer.write(writer.encode(some, now), some.length, now);
    }
    await writer.close();
  } catch (error) {
    await writer.close().catch(() => undefined);
    rmSync(folder.path, { recursive: true, force: true });
    throw error;
  }
  await rm(join(folder.path, OWNER_FILE));
}

function refuseFull(directory: string, maxBytes: number, records: readonly StoredRecord[]): void {
  const size = ({ key, value }: StoredRecord): number =>
    OVERHEAD_BYTES + Buffer.byteLength(key) + value.length;
  const held = bytesUnder(directory);
  const wanted = records.reduce((sum, record) => sum + size(record), 0);
  if (held + wanted > maxBytes)
    throw new AllotError(
      'journal_full',
      `the journal holds ${String(held)} of its ${String(maxBytes)} bytes and has no room for ${String(wanted)} more: let ingest empty it first`,
    );
}
