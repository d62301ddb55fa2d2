import { expect, it } from 'vitest';
import { RecentDecisions } from '../../src/journal/recent-decisions.ts';

it('the recent decisions of a journal take a bounded memory, and the last one is there', () => {
  const recent = new RecentDecisions();
  for (let i = 0; i < 300; i += 1) {
    recent.add(`d-${String(i)}`, JSON.stringify({ decisionId: `d-${String(i)}`, pad: 'x'.repeat(500_000) }));
    expect(recent.bytes).toBeLessThanOrEqual(64e6);
    expect(recent.find(`d-${String(i)}`)?.decisionId).toBe(`d-${String(i)}`);
  }
  expect(recent.find('d-0')).toBeUndefined();
});
