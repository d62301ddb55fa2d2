/** What a record of a forgotten unit is overwritten with; spaces follow up to the record's old length. */
export const FORGOTTEN_RECORD = '{"kind":"forgotten"}';

/** No event: readers pass over it. */
export function isForgottenRecord(value: Uint8Array): boolean {
  if (value.length < FORGOTTEN_RECORD.length) return false;
  for (let i = 0; i < FORGOTTEN_RECORD.length; i += 1) {
    if (value[i] !== FORGOTTEN_RECORD.charCodeAt(i)) return false;
  }
  return true;
}
