import { describe, expect, it } from 'vitest';
import { constraintVerdict } from '../../../src/core/constraint/verdict.ts';

const atMost = { direction: 'at-most', threshold: 0.5 } as const;
const atLeast = { direction: 'at-least', threshold: 0.5 } as const;

describe('a constraint verdict', () => {
  it.each([
    [0.1, 0.5, 'satisfied', 'undecided'],
    [0.1, 0.4, 'satisfied', 'violated'],
    [0.5, 0.9, 'undecided', 'satisfied'],
    [0.6, 0.9, 'violated', 'satisfied'],
    [0.4, 0.6, 'undecided', 'undecided'],
    [0.5, 0.5, 'satisfied', 'satisfied'],
  ] as const)('on [%d, %d] is %s for at most 0.5 and %s for at least 0.5', (lower, upper, most, least) => {
    expect(constraintVerdict(atMost, { lower, upper })).toBe(most);
    expect(constraintVerdict(atLeast, { lower, upper })).toBe(least);
  });

  it('is undecided without evidence', () => {
    for (const interval of [
      { lower: NaN, upper: 0 },
      { lower: 0, upper: NaN },
      { lower: 0.4, upper: 0.3 },
    ]) {
      expect(constraintVerdict(atMost, interval)).toBe('undecided');
      expect(constraintVerdict(atLeast, interval)).toBe('undecided');
    }
    expect(constraintVerdict(atMost, { lower: -Infinity, upper: Infinity })).toBe('undecided');
  });

  it('mirrors: at most t on [l, u] is at least −t on [−u, −l]', () => {
    for (let i = 0; i < 100; i++) {
      const lower = (i % 10) / 10;
      const upper = lower + Math.floor(i / 10) / 10;
      const mirrored = constraintVerdict(
        { direction: 'at-least', threshold: -0.5 },
        { lower: -upper, upper: -lower },
      );
      expect(constraintVerdict(atMost, { lower, upper })).toBe(mirrored);
    }
  });
});
