import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { AllotError } from '../../core/errors.ts';

const manifestSchema = z.strictObject({
  format: z.literal('allot-backup'),
  formatVersion: z.literal(1),
  createdAt: z.string(),
  migrations: z.array(z.string()),
  /** Days that have partitions. */
  days: z.array(z.string()),
  tables: z.array(
    z.strictObject({
      name: z.string(),
      columns: z.array(z.string()).min(1),
      rows: z.int().min(0),
      file: z.string().regex(/^[a-z_]+\.copy\.gz$/),
      sha256: z.string(),
    }),
  ),
});

/** What a backup holds: each table as gzipped `copy` text, hashed. */
export type BackupManifest = z.infer<typeof manifestSchema>;

export const MANIFEST = 'backup.json';

export async function readBackupManifest(folder: string): Promise<BackupManifest> {
  const file = join(folder, MANIFEST);
  try {
    return manifestSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (cause) {
    throw new AllotError('invalid_request', `${file} is not the manifest of an Allot backup`, { cause });
  }
}
