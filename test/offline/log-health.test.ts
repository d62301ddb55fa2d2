import { describe, expect, it } from 'vitest';
import { readLogHealth } from '../../offline/log-health.ts';
import { createRandom } from '../../src/core/math/random.ts';
import type { DecisionRecord } from '../../src/service/ports/stores.ts';
import { makeRecords, readerOf, worldEnd, worldSurface } from './learning-world.ts';

const records = makeRecords({ units: 60, perUnit: 4, seed: 3 });
const stored = { decisions: 0, exposures: 90, interactions: 0, orphans: 10 };
const read = (log: readonly DecisionRecord[], asOf = worldEnd) =>
  readLogHealth({
    reader: { ...readerOf(log), counts: () => Promise.resolve(stored) },
    tenant: 'default',
    surface: worldSurface,
    from: 0,
    until: worldEnd,
    asOf,
  });
const withDecision = (n: number, change: Partial<DecisionRecord['decision']>): DecisionRecord[] =>
  records.map((r, i) => (i < n ? { ...r, decision: { ...r.decision, ...change } } : r));

describe('the health of a log', () => {
  it('every decision is kept or left out for one reason', async () => {
    const report = await read(records.map((r, i) => (i % 5 === 0 ? { ...r, exposures: [] } : r)));
    const { decisions, kept, undelivered, immature, twins, duplicates, foreign } = report;
    expect(decisions).toBe(records.length);
    expect(undelivered).toBe(records.length / 5);
    expect(kept + undelivered + immature + twins + duplicates + foreign).toBe(decisions);
  });

  it('before the windows close nothing is kept, and it says what is missing', async () => {
    const report = await read(records, 0);
    expect(report).toMatchObject({ kept: 0, immature: records.length, delayQuantilesSeconds: null });
    expect(report.findings[0]).toContain('delivered and mature');
  });

  it('a response without an event is a default outcome, one with an event is not', async () => {
    const silent = await read(records.map((r) => ({ ...r, interactions: [] })));
    const complete = silent.kept - silent.incomplete;
    for (const { name } of worldSurface.responses) expect(silent.defaultOutcomes[name]).toBe(complete);
    const report = await read(records);
    const total = Object.values(report.defaultOutcomes).reduce((a, b) => a + b, 0);
    expect(total).toBeLessThan(worldSurface.responses.length * report.kept);
  });

  it('transitions join a session’s rows, and each session that is over ends once', async () => {
    const report = await read(records);
    expect(report.transitions + report.sessionEnds).toBeLessThanOrEqual(report.kept);
    expect(report.transitions).toBeGreaterThan(0);
  });

  it('1/p of draws from p matches the number of supported actions; a wrong p does not', async () => {
    const random = createRandom(11);
    const p = [0.7, 0.3];
    const drawn = makeRecords({ units: 120, perUnit: 4, seed: 5 }).map((r) => {
      const action = random.uniform() < p[0] ? 0 : 1;
      const decision = {
        ...r.decision,
        action: worldSurface.actions[action],
        probabilities: p,
        propensity: p[action],
      };
      return { ...r, decision };
    });
    const honest = await read(drawn);
    expect(honest.inversePropensity?.isConsistent).toBe(true);
    const lied = await read(
      drawn.map((r) => ({ ...r, decision: { ...r.decision, probabilities: [0.5, 0.5], propensity: 0.5 } })),
    );
    // 1/p is 2 in every row, whatever was drawn: this lie the check cannot see.
    expect(lied.inversePropensity?.difference).toBe(0);
    const swapped = await read(
      drawn.map((r) => ({
        ...r,
        decision: { ...r.decision, probabilities: [0.3, 0.7], propensity: 1 - r.decision.propensity },
      })),
    );
    expect(swapped.inversePropensity?.isConsistent).toBe(false);
    expect(swapped.findings.join()).toContain('1/p');
  });

  it('finds probabilities that do not sum to 1, and actions that lost their support', async () => {
    const broken = await read(withDecision(3, { probabilities: [0.5, 0.6] }));
    expect(broken.brokenProbabilities).toBe(3);
    expect(broken.largestSumDeviation).toBeCloseTo(0.1, 9);
    const first = worldSurface.actions[0];
    const collapsed = await read(
      withDecision(records.length, { action: first, probabilities: [1, 0], propensity: 1 }),
    );
    expect(collapsed.support[1]).toMatchObject({ supportedShare: 0, smallestProbability: null, served: 0 });
    expect(collapsed.findings.join()).toContain(`never supported: ${worldSurface.actions[1]}`);
  });

  it('twins are counted and left out; orphans are a share of all feedback', async () => {
    const twin = {
      ...records[0],
      decision: { ...records[0].decision, decisionId: `${records[0].decision.decisionId}x` },
    };
    const report = await read([records[0], twin, ...records.slice(1)]);
    expect(report.twins).toBe(2);
    expect(report).toMatchObject({ orphans: 10, lossShare: 0.1 });
  });

  it('delay quantiles are in order', async () => {
    const { delayQuantilesSeconds: q } = await read(records);
    expect(q).not.toBeNull();
    expect([q?.p50, q?.p90, q?.p95, q?.p99]).toEqual(
      [q?.p50, q?.p90, q?.p95, q?.p99].sort((a, b) => Number(a) - Number(b)),
    );
  });
});
