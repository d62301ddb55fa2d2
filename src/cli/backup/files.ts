import { existsSync } from 'node:fs';
import { copyFile, cp, mkdir, readFile, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { AllotConfig } from '../../config/config.ts';
import { AllotError } from '../../core/errors.ts';
import { OWNER_FILE } from '../../journal/owner.ts';

const SECRETS = 'secrets.json';
const JOURNAL = 'journal';

/** Makes the folder; one that holds something is refused. */
export async function makeEmptyFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if ((await readdir(folder)).length > 0)
    throw new AllotError('invalid_request', `${folder} is not empty: name a new folder`);
}

/**
 * Copies the journal, before the database is read: a record that leaves the journal meanwhile was stored before it left, or lies
 * with the brokers, behind the offsets that were read before. Owners stay behind, so whoever finds the copy takes it for that of an ended process and delivers it.
 */
export async function backUpJournal(config: AllotConfig, folder: string): Promise<void> {
  const copied = new Set<string>();
  let before: number;
  // A process that starts meanwhile takes the folder of an ended one into its own: it is copied by its new name as well.
  do {
    before = copied.size;
    await copyTree(config.journal.directory, join(folder, JOURNAL), copied);
  } while (copied.size > before);
}

/** Files of the folders that are not `copied` yet; notes these. */
async function copyTree(from: string, to: string, copied: Set<string>): Promise<void> {
  const isNew = !copied.has(from);
  copied.add(from);
  await mkdir(to, { recursive: true, mode: 0o700 });
  const entries = await readdir(from, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    ignoreGone(error);
    return [];
  });
  for (const entry of entries) {
    const source = join(from, entry.name);
    if (entry.isDirectory()) await copyTree(source, join(to, entry.name), copied);
    else if (isNew && entry.name !== OWNER_FILE)
      await copyFile(source, join(to, entry.name)).catch(ignoreGone);
  }
}

/** Segments and folders come and go while it is copied, and where nothing was accepted yet there is no journal. */
function ignoreGone(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}

/** False where there are no secrets yet. */
export async function backUpSecrets(config: AllotConfig, folder: string): Promise<boolean> {
  if (!existsSync(config.secretsFile)) return false;
  await copyFile(config.secretsFile, join(folder, SECRETS));
  return true;
}

/** Other secrets than those of the backup would orphan what it holds, so they are not overwritten but refused. */
export async function refuseOtherSecrets(config: AllotConfig, folder: string): Promise<void> {
  const saved = join(folder, SECRETS);
  if (!existsSync(saved) || !existsSync(config.secretsFile)) return;
  if ((await readFile(saved, 'utf8')) !== (await readFile(config.secretsFile, 'utf8')))
    throw new AllotError(
      'state_conflict',
      `${config.secretsFile} holds other secrets than the backup: move it away, or set ALLOT_SECRETS_FILE`,
    );
}

export async function restoreFiles(config: AllotConfig, folder: string): Promise<void> {
  const saved = join(folder, SECRETS);
  if (existsSync(saved) && !existsSync(config.secretsFile)) {
    await mkdir(dirname(config.secretsFile), { recursive: true });
    await copyFile(saved, config.secretsFile);
  }
  await cp(join(folder, JOURNAL), config.journal.directory, { recursive: true });
}
