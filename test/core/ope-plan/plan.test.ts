import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/math/random.ts';
import type { BanditLog } from '../../../src/core/ope/bandit-log.ts';
import { evaluateLog } from '../../../src/core/ope/evaluate-log.ts';
import { isPlanRefusal, plan, type PlanInput, type PlanReport } from '../../../src/core/ope/plan.ts';
import { isRefusal } from '../../../src/core/ope/report.ts';
import type { DistributionPolicy } from '../../../src/core/ope/self-test/self-test-types.ts';

/** Two actions; the champion prefers 0, which is better; π prefers 1. Units of 3 rows share a temper. */
function world(units: number, floor: number, seed: number) {
  const random = createRandom(seed);
  const rounds = 3 * units;
  const context = Float64Array.from({ length: rounds }, () => random.uniform());
  const two = (ofOne: (x: number) => number): DistributionPolicy => ({
    kind: 'distribution',
    actionCount: 2,
    probabilities: Float64Array.from({ length: 2 * rounds }, (_, j) => {
      const p = ofOne(context[j >> 1]);
      return j % 2 === 1 ? p : 1 - p;
    }),
  });
  const champion = (x: number): number => 0.02 + 0.1 * x;
  const served = two((x) => (1 - floor) * champion(x) + floor / 2).probabilities;
  const actions = Int32Array.from({ length: rounds }, (_, i) => Number(random.uniform() < served[2 * i + 1]));
  const tempers = Float64Array.from({ length: units }, () => random.normal());
  const reward = Float64Array.from(
    actions,
    (a, i) => 2 - a + context[i] + tempers[Math.floor(i / 3)] + random.normal(),
  );
  const log: BanditLog = {
    rounds,
    actions,
    propensities: Float64Array.from(actions, (a, i) => served[2 * i + a]),
    responses: new Map([['reward', reward]]),
    units: Int32Array.from({ length: rounds }, (_, i) => Math.floor(i / 3)),
    unitCount: units,
    behaviorProbabilities: served,
  };
  return { log, policy: two((x) => 0.6 + 0.3 * x), champion: two(champion) };
}

const { log, policy, champion } = world(4000, 0.2, 11);

function planned(changes: Partial<PlanInput> = {}): PlanReport {
  const floors = [0.05, 0.1, 0.2, 0.5, 1];
  const result = plan({ log, policy, behavior: champion, width: 0.1, level: 0.95, floors, ...changes });
  if (isPlanRefusal(result)) throw new Error(result.refusal.reason);
  return result;
}

describe('the exploration plan', () => {
  it('asks for more decisions the narrower the interval and the higher its level', () => {
    const at = (changes: Partial<PlanInput>): number[] =>
      planned(changes).lines.map(({ moreDecisions }) => moreDecisions ?? NaN);
    const [wide, narrow, sure] = [at({ width: 0.15 }), at({ width: 0.05 }), at({ width: 0.05, level: 0.99 })];
    narrow.forEach((n, i) => expect(n).toBeGreaterThan(wide[i]));
    sure.forEach((n, i) => expect(n).toBeGreaterThan(narrow[i]));
  });

  it('asks for fewer decisions the higher the floor, where π is off the champion’s path, at a higher price each', () => {
    const { lines } = planned({ width: 0.05 });
    for (let i = 1; i < lines.length; i++) {
      expect(lines[i].moreDecisions ?? NaN).toBeLessThan(lines[i - 1].moreDecisions ?? NaN);
      expect(lines[i].lossPerDecision).toBeGreaterThan(lines[i - 1].lossPerDecision);
    }
  });

  it('knows the loss: the share of explored decisions times what a random one is worth less', () => {
    // Action 1 is worth 1 less; the champion takes it in 7 % of the rows, uniform in half.
    const [line] = planned({ floors: [0.3] }).lines;
    expect(Math.abs(line.lossPerDecision - 0.3 * (0.5 - 0.07))).toBeLessThan(3 * line.lossError);
    expect(line.lossError).toBeLessThan(0.02);
    expect(line.totalLoss).toBeCloseTo(line.lossPerDecision * (line.moreDecisions ?? NaN), 9);
  });

  it('gives the log’s own width where the floor is the logged one', () => {
    const width = planned().currentWidth;
    const [line] = planned({ width, floors: [0.2] }).lines;
    expect(line.decisions ?? NaN).toBeGreaterThan(0.98 * log.rounds);
    expect(line.decisions ?? NaN).toBeLessThan(1.02 * log.rounds);
  });

  it.each([0.05, 0.5])('keeps its promise on a follow-up log at a floor of %s', (floor) => {
    const width = 0.1;
    const [line] = planned({ width, floors: [floor] }).lines;
    const next = world(line.units ?? 0, floor, 12);
    const options = { level: 0.95, resamples: 100, seed: 1, estimators: ['snips'] as const };
    const [estimate] = evaluateLog(next.log, next.policy, options).estimates;
    if (isRefusal(estimate)) throw new Error(estimate.refusal.reason);
    const interval = estimate.intervals.find(({ method }) => method === 'delta-normal');
    const reached = (interval?.upper ?? NaN) - (interval?.lower ?? NaN);
    expect(Math.abs(reached / width - 1)).toBeLessThan(0.12);
  });

  it('needs fewer decisions with the log than without it', () => {
    const [line] = planned({ width: 0.05, floors: [0.2] }).lines;
    expect(line.moreDecisions ?? NaN).toBeLessThan(line.decisions ?? NaN);
  });

  it('says that nothing is needed where the log is enough', () => {
    const report = planned({ width: 10 });
    expect(report.lines.map(({ moreDecisions }) => moreDecisions)).toEqual([0, 0, 0, 0, 0]);
    expect(report.sentence).toMatch(/^The log already gives a 95 % interval of width 10 for reward/);
  });

  it('names the floor that loses least in total, in a sentence with its price', () => {
    const report = planned({ width: 0.05 });
    const losses = report.lines.map(({ totalLoss }) => totalLoss ?? NaN);
    expect(report.best?.totalLoss).toBe(Math.min(...losses));
    expect(report.sentence).toMatch(/more decisions at a floor of ε = .* costs about .* of reward in total/);
  });

  it('has no line where π does what would never be served', () => {
    const never: DistributionPolicy = {
      ...champion,
      probabilities: champion.probabilities.map((_, j) => (j % 2 === 1 ? 0 : 1)),
    };
    const report = planned({ behavior: never, floors: [0, 0.2] });
    expect(report.lines[0]).toMatchObject({ decisions: null, moreDecisions: null, totalLoss: null });
    expect(report.best?.floor).toBe(0.2);
  });

  it('refuses where nobody knows what would be served, and an unusable log', () => {
    const { behaviorProbabilities: _, ...propensitiesOnly } = log;
    const refused = (broken: BanditLog) => plan({ log: broken, policy, width: 1, level: 0.9, floors: [0.1] });
    expect(refused(propensitiesOnly)).toMatchObject({ refusal: { code: 'distribution_needed' } });
    const wrong = { ...log, propensities: log.propensities.map(() => 0) };
    expect(refused(wrong)).toMatchObject({ refusal: { code: 'propensity_invalid' } });
  });
});
