import type { AllotConfig } from '../config/config.ts';
import { loadOrCreateSecrets, type Secrets } from '../config/secrets.ts';
import { lastGoodCopyIn } from '../disk/last-good-copy.ts';
import { holdsRecords } from '../journal/folders-under.ts';

/** Those of this installation, made at its first start; later a file that is missing is lost, and not made again. */
export const secretsOf = (config: AllotConfig): Secrets =>
  loadOrCreateSecrets(config.secretsFile, () => traceOfUse(config));

/** What was made by secrets that must have been here; null in a new installation. */
export function traceOfUse({
  dataDir,
  journal: { directory },
}: Pick<AllotConfig, 'dataDir' | 'journal'>): string | null {
  if (holdsRecords(directory)) return `the journal ${directory} holds records`;
  const copy = lastGoodCopyIn(dataDir);
  return copy === null ? null : `there is a last good copy, ${copy}`;
}
