import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/math/random.ts';
import { simulateLog, type SimulatedDecision } from '../../src/simulation/log.ts';
import { parseWorld } from '../../src/simulation/parse-world.ts';
import { actionsOf } from '../../src/simulation/actions.ts';
import { trueValues } from '../../src/simulation/true-value.ts';

const log = (raw: unknown, units = 250): SimulatedDecision[] =>
  simulateLog(parseWorld(raw), { units, seed: 5 });
const mean = (rows: readonly SimulatedDecision[], of: (row: SimulatedDecision) => number): number =>
  rows.reduce((sum, row) => sum + of(row), 0) / rows.length;

describe('a simulated log', () => {
  it('is the same for the same seed and another one for another seed', () => {
    const world = parseWorld({});
    const of = (seed: number) => simulateLog(world, { units: 20, seed });
    expect(of(1)).toEqual(of(1));
    expect(of(1)).not.toEqual(of(2));
  });

  it('is ordered by unit and time, with sessions that end once and link their rows', () => {
    const rows = log({});
    rows.slice(1).forEach((row, i) => {
      const before = rows[i];
      expect(before.hasNext).toBe(!before.done);
      expect(before.hasNext).toBe(before.sessionId === row.sessionId);
      if (before.unitId === row.unitId) expect(row.decidedAt).toBeGreaterThan(before.decidedAt);
      else expect(row.unitId > before.unitId).toBe(true);
    });
    expect(new Set(rows.map((row) => row.decisionId)).size).toBe(rows.length);
  });

  it('tells exact propensities: E[1/μ(a)] is the number of actions, in every variant without a fault', () => {
    for (const raw of [{}, { positions: { count: 3 }, behavior: { min: 0.3 } }]) {
      const world = parseWorld({ ...raw, behavior: { min: 0.3 } });
      const rows = simulateLog(world, { units: 400, seed: 2 });
      for (const row of rows.slice(0, 200)) {
        expect(row.probabilities.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
        expect(row.propensity).toBe(row.probabilities[row.action]);
      }
      const actions = actionsOf(world).length;
      expect(Math.abs(mean(rows, (row) => 1 / row.propensity) - actions)).toBeLessThan(0.1 * actions);
    }
  });

  it('weighs back to the truth of another policy on the first request', () => {
    const world = parseWorld({ dynamics: { maxRequests: 1 }, days: { count: 1 }, behavior: { min: 0.2 } });
    const rows = simulateLog(world, { units: 6000, seed: 9 });
    const weighted = rows.map(
      (row) => ((row.action === 1 ? 1 : 0) / row.propensity) * row.responses['watch_seconds'],
    );
    const estimate = weighted.reduce((a, b) => a + b, 0) / rows.length;
    const error = Math.sqrt(weighted.reduce((a, x) => a + (x - estimate) ** 2, 0)) / rows.length;
    const truth = trueValues(world, () => 1, { units: 6000, random: createRandom(1) }).get('watch_seconds')!;
    expect(Math.abs(estimate - truth.value)).toBeLessThan(4 * Math.hypot(error, truth.standardError));
  });
});

describe('variants of a world', () => {
  it('late feedback: rows are incomplete and hold defaults, at the declared share', () => {
    const rows = log({ feedback: { lateShare: 0.3 } });
    const late = rows.filter((row) => !row.isComplete);
    expect(Math.abs(late.length / rows.length - 0.3)).toBeLessThan(0.03);
    for (const row of late) expect(Object.values(row.responses).every((value) => value === 0)).toBe(true);
    // The others are what they are without the fault.
    const whole = log({});
    rows.forEach((row, i) => {
      if (row.isComplete) expect(row.responses).toEqual(whole[i].responses);
    });
  });

  it('lost feedback: events are missing silently, at the declared share', () => {
    const rows = log({ feedback: { lostShare: 0.2 } });
    const whole = log({});
    expect(rows.every((row) => row.isComplete)).toBe(true);
    const happened = whole.flatMap((row, i) => (row.responses['watch_seconds'] > 0 ? [i] : []));
    const lost = happened.filter((i) => rows[i].responses['watch_seconds'] === 0).length;
    expect(Math.abs(lost / happened.length - 0.2)).toBeLessThan(0.03);
  });

  it('lost live watches: only entered streams lose their watch events', () => {
    const rows = log({ feedback: { lostLiveShare: 1 } });
    const whole = log({});
    rows.forEach((row, i) => {
      if (whole[i].responses['live_watch_seconds'] > 0) expect(row.responses['watch_seconds']).toBe(0);
      else expect(row.responses).toEqual(whole[i].responses);
    });
  });

  it('a broken propensity log: the same decisions with other probabilities, as declared', () => {
    const whole = log({});
    for (const [fault, size] of [
      ['constant', 1],
      ['noisy', 0.5],
      ['sharpened', 2],
    ] as const) {
      const rows = log({ propensityLog: { fault, size } });
      rows.forEach((row, i) => {
        expect([row.action, row.responses]).toEqual([whole[i].action, whole[i].responses]);
        expect(row.propensity).toBe(row.probabilities[row.action]);
        expect(row.probabilities.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
        if (fault === 'constant') expect(row.propensity).toBe(0.5);
        if (fault === 'sharpened') {
          const odds = whole[i].probabilities[1] / whole[i].probabilities[0];
          expect(row.probabilities[1] / row.probabilities[0]).toBeCloseTo(odds ** 2, 9);
        }
      });
      expect(rows.some((row, i) => row.propensity !== whole[i].propensity)).toBe(true);
    }
  });

  it('drift: later days have other interest and quality, and the truth moves with them', () => {
    const drifting = parseWorld({
      drift: { arrivalDays: 10, liveInterestPerDay: -0.2, qualityPerDay: -0.03 },
    });
    const live = (day: number) =>
      trueValues(drifting, () => 1, { units: 500, random: createRandom(1), day }).get('live_watch_seconds')!;
    expect(live(9).value).toBeLessThan(0.7 * live(0).value);
    const days = new Set(
      simulateLog(drifting, { units: 200, seed: 1 }).map((row) => Math.floor(row.decidedAt / 86_400_000)),
    );
    expect(days.size).toBeGreaterThanOrEqual(10);
  });

  it('K positions: K + 1 actions, all of them served, and lower ones cost less', () => {
    const world = parseWorld({ positions: { count: 3 }, behavior: { min: 0.6 } });
    expect(actionsOf(world)).toEqual(['none', 'position-1', 'position-2', 'position-3']);
    const rows = simulateLog(world, { units: 400, seed: 3 });
    const at = (action: number) => rows.filter((row) => row.action === action);
    for (const action of [0, 1, 2, 3]) expect(at(action).length).toBeGreaterThan(100);
    expect(mean(at(3), (row) => row.responses['short_watch_seconds'])).toBeGreaterThan(
      mean(at(1), (row) => row.responses['short_watch_seconds']),
    );
    expect(mean(at(3), (row) => row.responses['live_watch_seconds'])).toBeLessThan(
      mean(at(1), (row) => row.responses['live_watch_seconds']),
    );
  });
});
