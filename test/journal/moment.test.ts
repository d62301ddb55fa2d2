import { expect, it } from 'vitest';
import { longAgo, moment, msBetween } from '../../src/journal/moment.ts';

it('a time that one of the clocks has missed, or was set back in, has passed', () => {
  const from = { wall: 1_000_000, monotonic: 500 };
  expect(msBetween(from, { wall: 1_000_000 - 3_600_000, monotonic: 30_500 })).toBe(30_000);
  expect(msBetween(from, { wall: 1_030_000, monotonic: 501 })).toBe(30_000);
  expect(msBetween(longAgo, moment())).toBe(Infinity);
});
