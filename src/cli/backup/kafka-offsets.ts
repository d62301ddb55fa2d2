import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { AllotConfig } from '../../config/config.ts';
import { AllotError } from '../../core/errors.ts';
import { readGroupOffsets, writeGroupOffsets } from '../../kafka/group-offsets.ts';
import { note } from '../output.ts';

const FILE = 'kafka-offsets.json';

const offsetsSchema = z.strictObject({
  groupId: z.string(),
  offsets: z.array(
    z.strictObject({ topic: z.string(), partition: z.int().min(0), offset: z.string().regex(/^\d+$/) }),
  ),
});

/**
 * Where ingest stands, before journal and database are read: it commits after PostgreSQL, so whatever is in neither of the two
 * lies with the brokers behind these offsets.
 */
export async function backUpOffsets({ kafka }: AllotConfig, folder: string): Promise<void> {
  if (kafka === null) return;
  const offsets = await readGroupOffsets(kafka);
  const file = { groupId: kafka.groupId, offsets };
  await writeFile(join(folder, FILE), `${JSON.stringify(file, null, 2)}\n`, { mode: 0o600 });
}

/** Ingest reads again what came after the backup; `state_conflict` while it has members. */
export async function restoreOffsets({ kafka }: AllotConfig, folder: string): Promise<void> {
  const file = join(folder, FILE);
  if (!existsSync(file)) return;
  if (kafka === null) {
    note('the backup was made with Kafka, KAFKA_BROKERS is not set: what the brokers hold is not read again');
    return;
  }
  const parsed = offsetsSchema.safeParse(JSON.parse(await readFile(file, 'utf8')));
  if (!parsed.success) throw new AllotError('invalid_request', `${file} was altered: it holds no offsets`);
  await writeGroupOffsets(kafka, parsed.data.offsets);
}
