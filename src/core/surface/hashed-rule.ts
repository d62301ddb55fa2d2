import { isStorable, STORABLE_RULE } from '../storable-text.ts';

const LONGEST_ID = 256;

/** The rule of a `hashed` value; the empty text is allowed and means "nobody knows". */
export function hashedRule(value: unknown): string | null {
  const fits = typeof value === 'string' ? value.length <= LONGEST_ID : Number.isSafeInteger(value);
  if (!fits) return `is a text of at most ${LONGEST_ID} characters or a whole number within ±(2^53 − 1)`;
  return typeof value !== 'string' || isStorable(value) ? null : `is ${STORABLE_RULE}`;
}
