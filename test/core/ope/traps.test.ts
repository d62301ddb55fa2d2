import { describe, expect, it } from 'vitest';
import type { BanditLog } from '../../../src/core/ope/bandit-log.ts';
import { estimatesIn, evaluateLog, type OpeOptions } from '../../../src/core/ope/evaluate-log.ts';
import { isRefusal, type OpeReport } from '../../../src/core/ope/report.ts';
import { quick, randomWorld, type World } from './logs.ts';

const evaluate = (world: World, options: Partial<OpeOptions> = {}): OpeReport =>
  evaluateLog(world.log, world.policy, { ...quick, ...options });

const withLog = (world: World, changes: Partial<BanditLog>): World => ({
  ...world,
  log: { ...world.log, ...changes },
});

const rewardsOf = (world: World): Float64Array => world.log.responses.get('reward') ?? new Float64Array();

/** The single code with which everything was refused. */
function refusedWith(report: OpeReport): { code: string; reason: string; needed: string } {
  expect(report.estimates.length).toBeGreaterThan(0);
  expect(report.estimates.every(isRefusal)).toBe(true);
  const [first] = report.estimates;
  if (!isRefusal(first)) throw new Error('not refused');
  return first.refusal;
}

const warningCodes = (report: OpeReport): string[] => [
  ...new Set(estimatesIn(report).flatMap(({ warnings }) => warnings.map(({ code }) => code))),
];

/** No number in the answer that could be taken for a value of the policy. */
function expectNoValue(report: OpeReport): void {
  for (const estimate of report.estimates) expect(Object.keys(estimate)).not.toContain('value');
  expect(report.health.clipSweep).toEqual([]);
}

const noBehavior = (world: World): World => {
  const { behaviorProbabilities: _, ...log } = world.log;
  return { ...world, log };
};
const world = noBehavior(randomWorld({ n: 3000 }));
const k = world.policy.actionCount;

describe('a healthy log', () => {
  it('is answered without a warning', () => {
    const report = evaluate(world);
    expect(estimatesIn(report)).toHaveLength(2);
    expect(warningCodes(report)).toEqual([]);
  });
});

describe('broken propensities', () => {
  it.each([
    [0, '0'],
    [-0.2, '-0.2'],
    [1.5, '1.5'],
    [NaN, 'missing or not a number'],
    [Infinity, 'Infinity'],
  ])('a propensity of %s refuses everything and names the row and the rule', (bad, shown) => {
    const propensities = world.log.propensities.slice();
    propensities[17] = bad;
    const report = evaluate(withLog(world, { propensities }), {
      locate: (row) => `log.csv, line ${row + 2}`,
    });
    const { code, reason } = refusedWith(report);
    expect(code).toBe('propensity_invalid');
    expect(reason).toContain('log.csv, line 19: the propensity must be > 0 and ≤ 1');
    expect(reason).toContain(shown);
    expectNoValue(report);
    expect(report.health.effectiveSampleSize).toBeNaN();
  });

  it('is forgiven on a forced row, whose weight is 1 whatever was logged', () => {
    const propensities = world.log.propensities.slice();
    propensities[17] = NaN;
    const isForced = new Uint8Array(world.log.rounds);
    isForced[17] = 1;
    expect(estimatesIn(evaluate(withLog(world, { propensities, isForced })))).toHaveLength(2);
  });
});

describe('broken evaluation probabilities', () => {
  it.each([NaN, -0.1, 1.2])('a probability of %s refuses everything', (bad) => {
    const probabilities = world.policy.probabilities.slice();
    probabilities[5 * k] = bad;
    const { code, reason } = refusedWith(evaluate({ ...world, policy: { ...world.policy, probabilities } }));
    expect(code).toBe('evaluation_probability_invalid');
    expect(reason).toContain('row 5');
  });

  it('a row that does not sum to 1 refuses everything', () => {
    const probabilities = world.policy.probabilities.slice();
    probabilities[5 * k] *= 0.9;
    expect(refusedWith(evaluate({ ...world, policy: { ...world.policy, probabilities } })).reason).toContain(
      'must sum to 1',
    );
  });
});

describe('one propensity of 1e-6 among ordinary ones', () => {
  it('is refused, because one unit holds the weight', () => {
    const propensities = world.log.propensities.slice();
    propensities[100] = 1e-6;
    const report = evaluate(withLog(world, { propensities }));
    expect(refusedWith(report).code).toBe('one_unit_dominates');
    expectNoValue(report);
    // Health is known here, and says why.
    expect(report.health.maxWeightShare).toBeGreaterThan(0.9);
  });
});

describe('propensities of another policy', () => {
  it('are refused by the mean weight when they are swapped between actions', () => {
    // μ is lopsided: 0.8, 0.1, 0.1. The log claims the propensity of another action.
    const n = world.log.rounds;
    const lopsided = [0.8, 0.1, 0.1];
    const actions = Int32Array.from({ length: n }, (_, i) => (i % 10 < 8 ? 0 : (i % 10) - 7));
    const right = withLog(world, { actions, propensities: Float64Array.from(actions, (a) => lopsided[a]) });
    const swapped = withLog(world, {
      actions,
      propensities: Float64Array.from(actions, (a) => lopsided[(a + 1) % 3]),
    });
    expect(estimatesIn(evaluate(right))).toHaveLength(2);
    expect(refusedWith(evaluate(swapped)).code).toBe('mean_weight_wrong');
  });

  it('are flagged by mean 1/p even where the mean weight looks right', () => {
    // Every propensity is logged as 0.2 in a world of three actions; π is scaled so that weights average 1.
    const propensities = new Float64Array(world.log.rounds).fill(0.2);
    const policy = { kind: 'logged-action' as const, probabilities: propensities };
    const report = evaluateLog(withLog(world, { propensities }).log, policy, quick);
    expect(warningCodes(report)).toContain('propensities_inconsistent');
  });
});

describe('an evaluated policy on actions that the log never shows', () => {
  const onlyTwo = (unseenMass: number): World => {
    const n = world.log.rounds;
    const actions = Int32Array.from({ length: n }, (_, i) => i % 2);
    const propensities = new Float64Array(n).fill(0.5);
    const rest = (1 - unseenMass) / 2;
    const probabilities = Float64Array.from({ length: n * 3 }, (_, j) => (j % 3 === 2 ? unseenMass : rest));
    return {
      ...withLog(world, { actions, propensities }),
      policy: { kind: 'distribution', actionCount: 3, probabilities },
    };
  };

  it('is refused when much of it is', () => {
    const { code, reason } = refusedWith(evaluate(onlyTwo(0.4)));
    expect(code).toBe('no_support');
    expect(reason).toContain('40.0 %');
  });

  it('is refused when all of it is', () => {
    expect(refusedWith(evaluate(onlyTwo(1))).code).toBe('no_support');
  });

  it('is answered with a warning when a little of it is', () => {
    const report = evaluate(onlyTwo(0.04));
    expect(warningCodes(report)).toContain('unsupported_mass');
    expect(report.health.unsupportedFraction).toBeCloseTo(0.04, 12);
  });

  it('cannot be checked when only the logged action’s probability is known; the warning says so', () => {
    const two = onlyTwo(0.04);
    const probabilities = Float64Array.from(two.log.actions, () => 0.48);
    const report = evaluateLog(two.log, { kind: 'logged-action', probabilities }, quick);
    expect(report.health.unsupportedFraction).toBeNaN();
    expect(warningCodes(report)).toContain('support_not_checked');
  });

  it('is seen row by row where the behavior distribution is logged', () => {
    const two = onlyTwo(0);
    const n = two.log.rounds;
    // Both actions are in the log, but half of the rows could only ever take action 0.
    const actions = two.log.actions.map((a, i) => (i < n / 2 ? 0 : a));
    const behaviorProbabilities = Float64Array.from({ length: 3 * n }, (_, j) => {
      const isFirstHalf = Math.floor(j / 3) < n / 2;
      return isFirstHalf ? Number(j % 3 === 0) : j % 3 === 2 ? 0 : 0.5;
    });
    const propensities = Float64Array.from({ length: n }, (_, i) => (i < n / 2 ? 1 : 0.5));
    const { code } = refusedWith(evaluate(withLog(two, { actions, propensities, behaviorProbabilities })));
    expect(code).toBe('no_support');
  });
});

describe('a log of forced actions only', () => {
  it('is refused: nothing was randomised', () => {
    const isForced = new Uint8Array(world.log.rounds).fill(1);
    expect(refusedWith(evaluate(withLog(world, { isForced }))).code).toBe('nothing_randomised');
  });

  it('is refused as well when it shows as propensities of 1', () => {
    const propensities = new Float64Array(world.log.rounds).fill(1);
    expect(refusedWith(evaluate(withLog(world, { propensities }))).code).toBe('nothing_randomised');
  });

  it('keeps forced rows of a mixed log with weight 1, even under a clip below 1', () => {
    const isForced = new Uint8Array(world.log.rounds);
    isForced.fill(1, 0, 1500);
    const { health } = evaluate(withLog(world, { isForced }));
    const half = evaluate(world).health;
    expect(health.meanWeightStandardError).toBeLessThan(half.meanWeightStandardError);
    const clipped = estimatesIn(evaluate(withLog(world, { isForced }), { clip: 0.001, estimators: ['ips'] }));
    const forcedSum = rewardsOf(world)
      .subarray(0, 1500)
      .reduce((a, b) => a + b);
    expect(clipped[0].value).toBeGreaterThanOrEqual(forcedSum / world.log.rounds);
  });
});

describe('a response that cannot be used', () => {
  it('is refused alone; the other response is answered', () => {
    const bad = rewardsOf(world).slice();
    bad[3] = NaN;
    const responses = new Map([...world.log.responses, ['watchTimeMs', bad]]);
    const report = evaluate(withLog(world, { responses }));
    const refused = report.estimates.filter(isRefusal);
    expect(refused.map(({ response }) => response)).toEqual(['watchTimeMs', 'watchTimeMs']);
    expect(refused[0].refusal.reason).toContain('row 3');
    expect(estimatesIn(report).map(({ response }) => response)).toEqual(['reward', 'reward']);
  });

  it('with three events is answered with a warning', () => {
    const rare = new Float64Array(world.log.rounds);
    for (const i of [10, 200, 1500]) rare[i] = 1;
    const report = evaluate(withLog(world, { responses: new Map([['share', rare]]) }));
    expect(estimatesIn(report)[0].warnings.map(({ code }) => code)).toEqual(['few_events']);
    expect(estimatesIn(report)[0].warnings[0].reason).toContain('3 events');
  });

  it('that never varies is answered with a warning, not with a perfect interval', () => {
    const report = evaluate(
      withLog(world, { responses: new Map([['always', rewardsOf(world).map(() => 1)]]) }),
    );
    expect(warningCodes(report)).toContain('few_events');
  });
});

describe('reward models', () => {
  it('that are missing refuse only the estimators that need them', () => {
    const report = evaluate(world, { estimators: ['ips', 'dm', 'dr'] });
    expect(report.estimates.map(isRefusal)).toEqual([false, true, true]);
  });

  it('without the whole distribution refuse only the estimators that need it', () => {
    const probabilities = Float64Array.from(
      world.log.actions,
      (a, i) => world.policy.probabilities[i * k + a],
    );
    const report = evaluateLog(
      world.log,
      { kind: 'logged-action', probabilities },
      { ...quick, rewardModels: new Map([['reward', world.model]]) },
    );
    const refusals = report.estimates.filter(isRefusal);
    expect(refusals.map(({ estimator, refusal }) => [estimator, refusal.code])).toEqual([
      ['dm', 'distribution_needed'],
      ['dr', 'distribution_needed'],
    ]);
  });

  it('that hold NaN are refused with the row', () => {
    const model = world.model.slice();
    model.fill(NaN, 12 * k, 13 * k);
    const report = evaluate(world, { rewardModels: new Map([['reward', model]]) });
    const refusals = report.estimates.filter(isRefusal);
    expect(refusals.map(({ estimator }) => estimator)).toEqual(['dm', 'dr']);
    expect(refusals[0].refusal.reason).toContain('row 12');
  });

  it('that are wrong are accused by the other estimators', () => {
    const model = world.model.map((q) => q + 0.3);
    const report = evaluate(world, { resamples: 400, rewardModels: new Map([['reward', model]]) });
    const accused = estimatesIn(report).filter(({ warnings }) =>
      warnings.some(({ code }) => code === 'estimators_disagree'),
    );
    expect(accused.map(({ estimator }) => estimator)).toEqual(['dm']);
  });
});

describe('few units', () => {
  it('are refused below an effective sample of 30, and the refusal says how many more are needed', () => {
    const { code, needed } = refusedWith(evaluate(noBehavior(randomWorld({ n: 20, seed: 2 }))));
    expect(code).toBe('effective_sample_too_small');
    expect(needed).toMatch(/about \d+ times this log/);
  });

  it('are a warning below 1,000', () => {
    expect(warningCodes(evaluate(noBehavior(randomWorld({ n: 500, seed: 2 }))))).toEqual([
      'low_effective_sample_size',
    ]);
  });

  it('are what a limit says they are', () => {
    const small = noBehavior(randomWorld({ n: 20, seed: 2 }));
    const report = evaluate(small, { limits: { minEffectiveSampleSize: 5, maxUnitShare: 0.5 } });
    expect(report.estimates.some(isRefusal)).toBe(false);
  });

  it('of one big unit are refused', () => {
    const units = world.log.units.map((u) => (u < 1000 ? 0 : u));
    expect(refusedWith(evaluate(withLog(world, { units }))).code).toBe('one_unit_dominates');
  });
});

describe('an empty log', () => {
  it('is refused', () => {
    const log: BanditLog = {
      rounds: 0,
      actions: new Int32Array(0),
      propensities: new Float64Array(0),
      responses: new Map([['reward', new Float64Array(0)]]),
      units: new Int32Array(0),
      unitCount: 0,
    };
    const policy = { kind: 'logged-action' as const, probabilities: new Float64Array(0) };
    expect(refusedWith(evaluateLog(log, policy, quick)).code).toBe('log_empty');
  });
});

describe('a clip', () => {
  it('is reported with the share that it touched, and warned about where it touched any', () => {
    const [estimate] = estimatesIn(evaluate(world, { clip: 1.2 }));
    expect(estimate.clip).toBe(1.2);
    expect(estimate.clippedFraction).toBeGreaterThan(0);
    expect(estimate.warnings.map(({ code }) => code)).toContain('clipped_target');
  });

  it('above every weight changes nothing and warns of nothing', () => {
    const [clipped] = estimatesIn(evaluate(world, { clip: 1e6 }));
    const [plain] = estimatesIn(evaluate(world));
    expect(clipped.value).toBe(plain.value);
    expect(clipped.clippedFraction).toBe(0);
    expect(clipped.warnings).toEqual([]);
  });
});
