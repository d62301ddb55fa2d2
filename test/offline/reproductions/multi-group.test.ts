import { describe, expect, it } from 'vitest';
import type { StudyJson } from '../../../offline/reproductions/learning/answer.ts';
import { multiGroup, spreadOfQ } from '../../../offline/reproductions/learning/multi-group.ts';
import { estimates } from '../../../offline/reproductions/learning/estimates.ts';
import { trained } from '../../../offline/reproductions/learning/methods.ts';
import type { MethodRun } from '../../../offline/reproductions/learning/run-method.ts';
import { quietRun } from './quiet-run.ts';

describe('study multi-group, short', () => {
  it('reads every critic on the same held states and reports constraints, divergences and groups', async () => {
    const { tables, result } = await multiGroup({ ...quietRun, seeds: [1], isMainOnly: true });
    const answer = result as StudyJson;
    const [table] = tables;
    expect(table.rows.every((row) => row.length === table.header.length)).toBe(true);
    const learned = answer.methods.filter(({ algorithm }) => algorithm !== null);
    expect(learned.map(({ method }) => method)).toEqual(['sac', 'td3bc', 'iql', 'rcpo-dual', 'slmgac']);
    const groups = Object.keys(learned[0].seeds[0].meanQ ?? {});
    expect(groups.length).toBeGreaterThan(1);
    for (const { seeds } of learned) {
      expect(Object.keys(seeds[0].meanQ ?? {})).toEqual(groups);
      expect(seeds[0].constraints.map(({ name }) => name)).toEqual(['hide-rate', 'live-share']);
      expect(seeds[0].constraints.every(({ violation }) => violation >= 0)).toBe(true);
    }
  }, 60_000);

  it('lets the estimates study reuse what was trained, with an interval around every estimate', async () => {
    const { tables, result } = await estimates({ ...quietRun, seeds: [1] });
    const answer = result as StudyJson;
    expect(tables.map(({ header }) => header.length)).toEqual(tables.map(({ rows }) => rows[0].length));
    for (const { seeds } of answer.methods.filter(({ algorithm }) => algorithm !== null)) {
      const watch = seeds[0].estimate?.responses['watch_seconds'];
      expect(watch?.inLoggedStatesStandardError).toBeGreaterThan(0);
      if (watch?.estimate === null || watch === undefined) continue;
      expect(watch.lower).toBeLessThan(watch.estimate);
      expect(watch.upper).toBeGreaterThan(watch.estimate);
    }
  }, 60_000);
});

describe('spread of Q', () => {
  const run = (seed: number, meanQ: Record<string, number> | null): MethodRun => ({
    seed,
    constraints: [],
    diverged: null,
    meanAbsQ: null,
    meanQ,
    metrics: {},
    estimate: null,
    seconds: { training: 0, truth: 0, estimate: 0 },
  });

  it('is the standard deviation over seeds, averaged over groups', () => {
    const seeds = [run(1, { low: 1, high: 10 }), run(2, { low: 3, high: 10 })];
    expect(spreadOfQ({ method: trained('sac'), seeds }, ['low', 'high'])).toBeCloseTo(Math.SQRT2 / 2, 12);
  });

  it('is unknown, not 0, where there is no critic or one seed', () => {
    expect(spreadOfQ({ method: trained('bc'), seeds: [run(1, null), run(2, null)] }, ['low'])).toBeNaN();
    expect(spreadOfQ({ method: trained('sac'), seeds: [run(1, { low: 1 })] }, ['low'])).toBeNaN();
  });
});
