import { existsSync } from 'node:fs';
import type { AllotConfig } from '../config/config.ts';
import { loadOrCreateSecrets, type Secrets } from '../config/secrets.ts';
import { AllotError } from '../core/errors.ts';
import type { Database } from '../postgres/database.ts';
import { notePseudonymKey, pseudonymKeyHistory } from '../postgres/pseudonym-keys.ts';
import { judgePseudonymKey } from '../service/identity/pseudonym-key.ts';
import {
  createPseudonyms,
  pseudonymKeyFingerprint,
  type PseudonymOf,
} from '../service/identity/pseudonyms.ts';
import type { Logger } from '../service/ports/logger.ts';

/** Of the key that names the units; null where pseudonyms are off. */
export const fingerprintInUse = (config: AllotConfig, secrets: Secrets): string | null =>
  config.pseudonymousUnits ? pseudonymKeyFingerprint(secrets.pseudonymKey) : null;

/**
 * For a command that takes a unit; undefined where pseudonyms are off. With a new key the unit would have another name and
 * nothing would be found, so a secrets file that is missing is not made.
 */
export function pseudonymsInUse(config: AllotConfig): PseudonymOf | undefined {
  if (!config.pseudonymousUnits) return undefined;
  if (!existsSync(config.secretsFile)) {
    throw new AllotError('config_invalid', 'ALLOT_SECRETS_FILE must be there: the pseudonym needs its key');
  }
  return createPseudonyms(loadOrCreateSecrets(config.secretsFile).pseudonymKey);
}

/**
 * Notes the pseudonym key in the database and says loudly what breaks when another one was in use before. It does not
 * refuse: decisions must go on, and whoever changes a key knows that by then or must hear it now.
 */
export async function checkPseudonymKey(parts: {
  readonly pool: Database['pool'];
  readonly config: AllotConfig;
  readonly secrets: Secrets;
  readonly logger: Logger;
}): Promise<void> {
  const { pool, config, secrets, logger } = parts;
  const current = fingerprintInUse(config, secrets);
  const before = current === null ? await pseudonymKeyHistory(pool) : await notePseudonymKey(pool, current);
  const change = judgePseudonymKey(current, before);
  if (change !== null) logger.error({ ...change }, 'the units have other names than before');
}
