import { describe, expect, it } from 'vitest';
import { twoStage } from '../../../offline/reproductions/learning/two-stage.ts';
import type { StudyJson } from '../../../offline/reproductions/learning/answer.ts';
import { AllotError } from '../../../src/core/errors.ts';
import { quietRun } from './quiet-run.ts';

describe('study two-stage, short', () => {
  it('values every method on every seed, with claims that its own numbers decide', async () => {
    const { tables, result } = await twoStage({ ...quietRun, seeds: [1], isMainOnly: true });
    const answer = result as StudyJson;
    const [table] = tables;
    expect(table.rows.map(([name]) => name)).toEqual(answer.methods.map(({ method }) => method));
    expect(table.rows.every((row) => row.length === table.header.length)).toBe(true);
    for (const { seeds, mean } of answer.methods) {
      expect(seeds.map(({ seed }) => seed)).toEqual([1]);
      const [{ values, actionRate }] = seeds;
      // Watch time is streams and short videos together; a session ends once.
      const total = values?.['watch_seconds'].perSession ?? NaN;
      const parts = ['live_watch_seconds', 'short_watch_seconds'].map(
        (name) => values?.[name].perSession ?? NaN,
      );
      expect(parts[0] + parts[1]).toBeCloseTo(total, 6);
      expect(values?.['session_end'].perSession).toBeCloseTo(1, 12);
      expect(mean['watch_seconds'].mean).toBe(total);
      for (const rate of Object.values(actionRate ?? {})) {
        // The exploration floor of 0.1 is shared by two actions.
        expect(rate).toBeGreaterThanOrEqual(0.05 - 1e-9);
        expect(rate).toBeLessThanOrEqual(0.95 + 1e-9);
      }
    }
    const shares = Object.fromEntries(answer.methods.map(({ method, seeds }) => [method, seeds[0].share]));
    expect(shares['always-null']).toBeCloseTo(0.05, 9);
    expect(shares['always-allocate']).toBeCloseTo(0.95, 9);
    // One seed resolves nothing.
    expect(answer.claims.find(({ claim }) => claim.startsWith('tscac has the highest'))?.holds).toBe(false);
  }, 60_000);

  it('refuses a world that is not one, naming the field', async () => {
    const world = { name: 'broken', raw: { live: { availableShare: 2 } } };
    const failure = await twoStage({ ...quietRun, seeds: [1], world }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(AllotError);
    expect((failure as AllotError).violations.map(({ field }) => field)).toEqual(['live.availableShare']);
  });
});
