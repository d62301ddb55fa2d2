import { describe, expect, it } from 'vitest';
import { timeOf } from '../../src/core/iso-time.ts';

const NOON = Date.UTC(2026, 0, 31, 12);

describe('a time as text', () => {
  it.each([
    ['2026-01-31T12:00:00Z', NOON],
    ['2026-01-31T12:00:00.000Z', NOON],
    ['2026-01-31 12:00:00 UTC', NOON],
    ['2026-01-31 12:00:00.000000+00:00', NOON],
    ['2026-01-31T13:00+01:00', NOON],
    ['2026-01-31T13:00:00+0100', NOON],
    ['2026-01-31T11:00-01', NOON],
    ['2026-01-31', Date.UTC(2026, 0, 31)],
    [String(NOON), NOON],
  ])('%s is one moment', (text, ms) => {
    expect(timeOf(text)).toBe(ms);
  });

  it('is UTC where it names no zone, whatever the zone of the machine', () => {
    const zone = process.env['TZ'];
    process.env['TZ'] = 'Asia/Tokyo';
    try {
      expect(new Date(2026, 0, 31, 12).getTime()).not.toBe(NOON);
      expect(timeOf('2026-01-31T12:00')).toBe(NOON);
    } finally {
      if (zone === undefined) delete process.env['TZ'];
      else process.env['TZ'] = zone;
    }
  });

  it.each(['', 'foo 1', '2026-13-01', '2026-02-31', '2026-01-31T25:00', '31.01.2026', '1e12', '-5', 'now'])(
    '%j is refused',
    (text) => {
      expect(timeOf(text)).toBeUndefined();
    },
  );
});
