import { describe, expect, it } from 'vitest';
import {
  createDecisionIds,
  DECISION_ID_LENGTH,
  dayOfDecisionId,
  timeOfDecisionId,
} from '../../../src/core/feedback/decision-id.ts';
import { createRandom } from '../../../src/core/math/random.ts';
import { fromHex, golden } from '../support.ts';

interface Golden {
  ids: {
    keyId: number;
    key: string;
    timeMs: number;
    tenant: string;
    surface: string;
    random: string;
    day: string;
    id: string;
  }[];
}

const { ids: vectors } = golden<Golden>('decision-id');
const oldKey = { id: 1, key: Uint8Array.from({ length: 16 }, (_, i) => i) };
const newKey = { id: 2, key: Uint8Array.from({ length: 16 }, (_, i) => 255 - i) };
const ids = createDecisionIds([oldKey]);
const parts = { tenant: 'acme', surface: 'live-feed', random: new Uint8Array(8) };
const sample = ids.mint({ ...parts, timeMs: 1_700_000_000_000 });
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

describe('decision ids', () => {
  it('are the golden ones and read back to what they were made of', () => {
    for (const v of vectors) {
      const keyed = createDecisionIds([{ id: v.keyId, key: fromHex(v.key) }]);
      expect(keyed.mint({ ...v, random: fromHex(v.random) })).toBe(v.id);
      const parsed = keyed.read(v.id);
      expect(parsed.timeMs).toBe(v.timeMs);
      expect(keyed.dayOf(v.id)).toBe(v.day);
      expect(timeOfDecisionId(v.id)).toBe(v.timeMs);
      expect([keyed.belongsTo(parsed, v.tenant), keyed.isSurface(parsed, v.surface)]).toEqual([true, true]);
    }
  });

  it('all have the same length and sort by decision time', () => {
    const random = createRandom(1);
    const times = Array.from({ length: 500 }, () => random.integer(2 ** 48)).sort((a, b) => a - b);
    const minted = times.map((timeMs) =>
      ids.mint({ ...parts, timeMs, random: Uint8Array.from({ length: 8 }, () => random.integer(256)) }),
    );
    expect(new Set(minted.map((id) => id.length))).toEqual(new Set([DECISION_ID_LENGTH]));
    expect([...minted].sort()).toEqual(minted);
  });

  it('are refused when any single character was changed', () => {
    for (let at = 0; at < sample.length; at++) {
      for (const letter of ALPHABET) {
        if (letter === sample[at]) continue;
        const changed = sample.slice(0, at) + letter + sample.slice(at + 1);
        expect(() => ids.read(changed), changed).toThrow(
          expect.objectContaining({ code: 'decision_id_invalid' }),
        );
      }
    }
  });

  it.each([
    ['empty', ''],
    ['too short', sample.slice(1)],
    ['too long', `${sample}0`],
    ['in upper case', sample.toUpperCase()],
    ['with a look-alike letter', `o${sample.slice(1)}`],
    ['with a letter outside ASCII', `é${sample.slice(1)}`],
    ['of another service', createDecisionIds([newKey]).mint({ ...parts, timeMs: 1 })],
    [
      'of another service under the same key id',
      createDecisionIds([{ ...newKey, id: 1 }]).mint({ ...parts, timeMs: 1 }),
    ],
  ])('are refused when %s', (_what, id) => {
    expect(() => ids.read(id)).toThrow(expect.objectContaining({ code: 'decision_id_invalid' }));
  });

  it('tell whose they are', () => {
    const parsed = ids.read(sample);
    expect([ids.belongsTo(parsed, 'other'), ids.isSurface(parsed, 'other')]).toEqual([false, false]);
    expect(ids.belongsTo(parsed, 'live-feed')).toBe(false);
  });

  it('of an older key stay valid after rotation, while new ones are minted under the first', () => {
    const rotated = createDecisionIds([newKey, oldKey]);
    expect(rotated.belongsTo(rotated.read(sample), 'acme')).toBe(true);
    expect(rotated.read(rotated.mint({ ...parts, timeMs: 5 })).keyId).toBe(2);
  });

  it('give their day without a key, and only when they look like an id', () => {
    expect(dayOfDecisionId(sample)).toBe('2023-11-14');
    expect(() => dayOfDecisionId('nonsense')).toThrow(/not issued/);
  });

  it('are not minted from parts that do not fit', () => {
    expect(() => ids.mint({ ...parts, timeMs: -1 })).toThrow(RangeError);
    expect(() => ids.mint({ ...parts, timeMs: 2 ** 48 })).toThrow(RangeError);
    expect(() => ids.mint({ ...parts, timeMs: 0, random: new Uint8Array(7) })).toThrow(RangeError);
    expect(() => createDecisionIds([])).toThrow(RangeError);
    expect(() => createDecisionIds([oldKey, { ...newKey, id: 1 }])).toThrow(RangeError);
    expect(() => createDecisionIds([{ ...oldKey, id: 64 }])).toThrow(RangeError);
  });
});
