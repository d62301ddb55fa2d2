import { encodeCrockford } from './crockford.ts';

const LAST_TIME = 2 ** 48 - 1;

/**
 * The text that no id of an earlier time reaches and every id of this time or a later one does, as ids sort by their time.
 * A time range is so a range of the primary key.
 *
 * @param timeMs cut to a whole number in [0, 2⁴⁸)
 */
export function lowestDecisionIdAt(timeMs: number): string {
  const time = Math.min(LAST_TIME, Math.max(0, Math.floor(timeMs)));
  const bytes = new Uint8Array(6);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, Math.floor(time / 2 ** 32));
  view.setUint32(2, time % 2 ** 32);
  return encodeCrockford(bytes);
}
