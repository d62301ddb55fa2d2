import type { PseudonymKeyHistory } from '../ports/pseudonym-keys.ts';

export interface PseudonymKeyChange {
  readonly found: string;
  readonly breaks: string;
  readonly advice: string;
}

const BREAKS =
  'every unit has another name from here on: nothing joins across the change, units change sides in running ' +
  'experiments, caps count anew, and `allot forget` finds older rows only under the old name';

/**
 * Does what this process writes fit to what is stored? null: it does. Otherwise what was found, what breaks, and what to do.
 *
 * @param current fingerprint of the key in use; null: pseudonyms are off
 */
export function judgePseudonymKey(
  current: string | null,
  { uses, hasDecisions }: PseudonymKeyHistory,
): PseudonymKeyChange | null {
  const newest = [...uses].sort((a, b) => b.lastUsedAt - a.lastUsedAt).at(0);
  if (newest === undefined) {
    if (current === null || !hasDecisions) return null;
    return change('units were stored as they were sent before pseudonyms were switched on', KEEP_OFF);
  }
  const known = `key ${newest.fingerprint}, last noted ${new Date(newest.lastUsedAt).toISOString()}`;
  if (current === null) return change(`pseudonyms are off, but units are stored under them (${known})`, ON);
  if (newest.fingerprint === current) return null;
  return change(`the pseudonym key is ${current}, but units are stored under another one (${known})`, KEY);
}

const change = (found: string, advice: string): PseudonymKeyChange => ({ found, breaks: BREAKS, advice });

const GO_ON =
  'if it was meant: stop running experiments and start new ones, and learn from what is decided from now on';
const KEEP_OFF = `set ALLOT_PSEUDONYMOUS_UNITS=false if it was not meant; ${GO_ON}`;
const ON = `set ALLOT_PSEUDONYMOUS_UNITS=true if it was not meant; ${GO_ON}`;
const KEY = `put the old pseudonymKey back into the secrets file if it was not meant; ${GO_ON}`;
