import { existsSync } from 'node:fs';
import type { AllotConfig } from '../../config/config.ts';
import { loadOrCreateSecrets } from '../../config/secrets.ts';
import { judgePseudonymKey } from '../../service/identity/pseudonym-key.ts';
import type { PseudonymKeyHistory } from '../../service/ports/pseudonym-keys.ts';
import { type Finding, ok, reasonOf, warning } from './finding.ts';

const CHECK = 'unit names';

/** Do the units that are written now have the names under which units are stored? */
export async function checkUnitNames(config: AllotConfig): Promise<Finding> {
  const how = config.pseudonymousUnits ? 'stored under pseudonyms' : 'stored as they are sent';
  if (config.databaseUrl === null || !existsSync(config.secretsFile)) {
    return ok(CHECK, `${how}; the next start compares them with what is stored`);
  }
  const { openDatabase } = await import('../../postgres/database.ts');
  const { pseudonymKeyHistory } = await import('../../postgres/pseudonym-keys.ts');
  const { fingerprintInUse } = await import('../../compose/pseudonym-key.ts');
  try {
    const current = fingerprintInUse(config, loadOrCreateSecrets(config.secretsFile));
    const database = await openDatabase({ url: config.databaseUrl });
    try {
      return unitNamesFinding(how, current, await pseudonymKeyHistory(database.pool));
    } finally {
      await database.close();
    }
  } catch (error) {
    const advice = 'see the other findings, and run `allot migrate`';
    return warning(CHECK, `${how}; not compared: ${reasonOf(error)}`, advice);
  }
}

export function unitNamesFinding(how: string, current: string | null, history: PseudonymKeyHistory): Finding {
  const change = judgePseudonymKey(current, history);
  if (change !== null) return warning(CHECK, `${change.found}: ${change.breaks}`, change.advice);
  const key = current === null ? how : `${how}, key ${current}`;
  const older = history.uses.filter(({ fingerprint }) => fingerprint !== current);
  if (older.length === 0) return ok(CHECK, key);
  const before = older.map(
    (use) => `${use.fingerprint} (last noted ${new Date(use.lastUsedAt).toISOString()})`,
  );
  return warning(
    CHECK,
    `${key}; before that ${before.join(', ')}`,
    'units do not join across the change; `allot forget --stored` takes the names of then',
  );
}
