import { describe, expect, it } from 'vitest';
import { evaluateLog, type OpeOptions } from '../../src/core/ope/evaluate-log.ts';
import { createEstimator, estimators } from '../../src/core/ope/estimators.ts';
import type { HyperParameters } from '../../src/core/ope/hyper-parameters.ts';
import { mrdrFittingWeights } from '../../src/core/ope/mrdr.ts';
import { isRefusal, type Estimate } from '../../src/core/ope/report.ts';
import { mergeUnitSums, sumByUnit, type UnitSums } from '../../src/core/ope/unit-sums.ts';
import { valuate, type Valuation } from '../../src/core/ope/valuation.ts';
import { importanceWeights } from '../../src/core/ope/weights.ts';
import { compensatedSum } from '../../src/core/math/compensated-sum.ts';
import { createRandom } from '../../src/core/math/random.ts';
import { noLimits, quick, randomWorld, selectRows, type World } from '../core/ope/logs.ts';

const ids = Object.keys(estimators) as (keyof typeof estimators)[];

function estimate(world: World, id: keyof typeof estimators, options: Partial<OpeOptions> = {}): Estimate {
  const report = evaluateLog(world.log, world.policy, {
    ...quick,
    limits: noLimits,
    rewardModels: new Map([['reward', world.model]]),
    mrdrModels: new Map([['reward', world.model]]),
    estimators: [id],
    ...options,
  });
  const [found] = report.estimates;
  if (isRefusal(found)) throw new Error(found.refusal.reason);
  return found;
}

const withRewards = (world: World, map: (r: number, i: number) => number): World => ({
  ...world,
  log: {
    ...world.log,
    responses: new Map([['reward', (world.log.responses.get('reward') ?? new Float64Array()).map(map)]]),
  },
});

describe('unbiased on an enumerated log', () => {
  // Two rounds with three actions: every one of the 9 logs, with its probability under the behavior policy.
  const behavior = [
    [0.5, 0.3, 0.2],
    [0.1, 0.6, 0.3],
  ];
  const evaluation = [
    [0.2, 0.2, 0.6],
    [0.7, 0.1, 0.2],
  ];
  const meanReward = [
    [1, 2, 3],
    [4, 0, 5],
  ];
  const wrongModel = Float64Array.from([0.4, -1, 2, 9, 1, 3]);
  const truth = evaluation
    .flatMap((row, i) => row.map((p, a) => (p * meanReward[i][a]) / 2))
    .reduce((a, b) => a + b);

  function expectedValue(
    id: keyof typeof estimators,
    options: Partial<OpeOptions> = {},
    model = wrongModel,
  ): number {
    let expected = 0;
    for (let a0 = 0; a0 < 3; a0++) {
      for (let a1 = 0; a1 < 3; a1++) {
        const actions = [a0, a1];
        const world: World = {
          log: {
            rounds: 2,
            actions: Int32Array.from(actions),
            propensities: Float64Array.from(actions, (a, i) => behavior[i][a]),
            responses: new Map([['reward', Float64Array.from(actions, (a, i) => meanReward[i][a])]]),
            units: Int32Array.from([0, 1]),
            unitCount: 2,
            behaviorProbabilities: Float64Array.from(behavior.flat()),
          },
          policy: {
            kind: 'distribution',
            actionCount: 3,
            probabilities: Float64Array.from(evaluation.flat()),
          },
          model,
        };
        expected += behavior[0][a0] * behavior[1][a1] * estimate(world, id, options).value;
      }
    }
    return expected;
  }

  it('IPS has the true value as its mean', () => expect(expectedValue('ips')).toBeCloseTo(truth, 12));
  it.each(['dr', 'mrdr'] as const)('%s has the true value as its mean, although its model is wrong', (id) =>
    expect(expectedValue(id)).toBeCloseTo(truth, 12),
  );
  it.each([
    ['switch-dr', { switchThreshold: Infinity }],
    ['dros', { drosLambda: Infinity }],
    ['sg-ips', { subGaussianLambda: 0 }],
    ['sg-dr', { subGaussianLambda: 0 }],
  ] as const)('%s without shrinkage has the true value as its mean', (id, options) =>
    expect(expectedValue(id, options)).toBeCloseTo(truth, 12),
  );
  it.each([
    ['switch-dr', { switchThreshold: 1 }],
    ['dros', { drosLambda: 1 }],
    ['sg-dr', { subGaussianLambda: 0.5 }],
  ] as const)('%s with a finite setting and a wrong model does not', (id, options) =>
    expect(Math.abs(expectedValue(id, options) - truth)).toBeGreaterThan(0.1),
  );
  it.each([
    ['switch-dr', { switchThreshold: 1 }],
    ['dros', { drosLambda: 1 }],
    ['sg-dr', { subGaussianLambda: 0.5 }],
    ['sndr', {}],
  ] as const)(
    '%s with the true model has the true value in every log, whatever its setting',
    (id, options) => {
      const right = Float64Array.from(meanReward.flat());
      expect(expectedValue(id, options, right)).toBeCloseTo(truth, 12);
    },
  );
  it('DM with that wrong model does not: the law above can fail', () =>
    expect(Math.abs(expectedValue('dm') - truth)).toBeGreaterThan(0.1));
});

describe('every estimator', () => {
  const world = randomWorld({ rowsPerUnit: 4 });

  it.each(ids)('%s does not depend on the order of rows', (id) => {
    const random = createRandom(3);
    const order = Array.from({ length: world.log.rounds }, (_, i) => i);
    for (let i = order.length - 1; i > 0; i--) {
      const j = random.integer(i + 1);
      [order[i], order[j]] = [order[j], order[i]];
    }
    const [a, b] = [estimate(world, id), estimate(selectRows(world, order), id)];
    expect(b.value).toBeCloseTo(a.value, 12);
    expect(b.standardError).toBeCloseTo(a.standardError, 12);
  });

  it.each(ids)('%s scales with the unit of the response, its interval too', (id) => {
    const scaled = withRewards({ ...world, model: world.model.map((q) => 60_000 * q) }, (r) => 60_000 * r);
    const [a, b] = [estimate(world, id), estimate(scaled, id)];
    expect(b.value / 60_000).toBeCloseTo(a.value, 12);
    a.intervals.forEach((interval, i) => {
      expect(b.intervals[i].lower / 60_000).toBeCloseTo(interval.lower, 10);
      expect(b.intervals[i].upper / 60_000).toBeCloseTo(interval.upper, 10);
    });
  });

  it.each(ids)('%s of a log merged from two parts equals that of the whole', (id) => {
    const estimator = estimators[id];
    const all = Array.from({ length: world.log.rounds }, (_, i) => i);
    const cut = 777; // in the middle of a unit
    const tableOf = (part: World) => {
      const input = {
        ...part,
        weights: importanceWeights(part.log, part.policy),
        estimators: [estimator],
        rewardModels: new Map([['reward', part.model]]),
        mrdrModels: new Map([['reward', part.model]]),
        locate: String,
      };
      const { columns } = valuate(input)[0] as Valuation;
      return { unitCount: part.log.unitCount, columns: new Map(columns.map((c, j) => [String(j), c])) };
    };
    const merged = mergeUnitSums(
      tableOf(selectRows(world, all.slice(0, cut))),
      tableOf(selectRows(world, all.slice(cut))),
    );
    const whole = tableOf(world);
    const value = (t: UnitSums) => estimator.value([...t.columns.values()].map(compensatedSum));
    expect(value(merged)).toBeCloseTo(value(whole), 12);
    expect(value(whole)).toBeCloseTo(estimate(world, id).value, 12);
  });

  it.each(ids)('%s has the gradient of its own value', (id) => {
    const { value, gradient, terms } = estimators[id];
    const totals = terms.map((_, j) => 5 + 3 * j);
    gradient(totals).forEach((slope, j) => {
      const at = (d: number) => value(totals.map((t, m) => (m === j ? t + d : t)));
      expect((at(1e-5) - at(-1e-5)) / 2e-5).toBeCloseTo(slope, 6);
    });
  });

  it.each(ids)('%s keeps its value when every unit is copied, and its error shrinks by √2', (id) => {
    const n = world.log.rounds;
    const twice = selectRows(
      world,
      Array.from({ length: 2 * n }, (_, i) => i % n),
    );
    const copied: World = {
      ...twice,
      log: {
        ...twice.log,
        units: twice.log.units.map((u, i) => (i < n ? u : u + world.log.unitCount)),
        unitCount: 2 * world.log.unitCount,
      },
    };
    const [a, b] = [estimate(world, id), estimate(copied, id)];
    expect(b.value).toBeCloseTo(a.value, 12);
    expect(a.standardError / b.standardError).toBeCloseTo(Math.SQRT2, 2);
  });
});

describe('when the evaluated policy is the behavior policy', () => {
  const base = randomWorld();
  const world: World = {
    ...base,
    policy: { ...base.policy, probabilities: base.log.behaviorProbabilities ?? new Float64Array() },
  };
  const rewards = base.log.responses.get('reward') ?? new Float64Array();
  const mean = compensatedSum(rewards) / base.log.rounds;

  it.each(['ips', 'snips'] as const)('%s is the mean of the log', (id) => {
    expect(estimate(world, id).value).toBeCloseTo(mean, 12);
  });

  it('every weight is 1, so the effective sample is the number of units', () => {
    const { health } = evaluateLog(world.log, world.policy, quick);
    expect(health.meanWeight).toBeCloseTo(1, 12);
    expect(health.effectiveSampleSize).toBeCloseTo(world.log.unitCount, 6);
    expect(health.meanWeightStandardError).toBeCloseTo(0, 12);
  });

  it('the standard error of IPS is s/√n', () => {
    let squares = 0;
    for (const r of rewards) squares += (r - mean) ** 2;
    const n = rewards.length;
    expect(estimate(world, 'ips').standardError).toBeCloseTo(Math.sqrt(squares / (n - 1) / n), 12);
  });
});

describe('bounds and shifts', () => {
  const world = randomWorld();

  it('SNIPS stays within the smallest and largest response', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const { value } = estimate(randomWorld({ n: 12, seed }), 'snips');
      expect(value).toBeGreaterThanOrEqual(0);
      expect(value).toBeLessThanOrEqual(1);
    }
  });

  it('SNIPS shifts by exactly a constant added to the response; IPS by that times the mean weight', () => {
    const shifted = withRewards(world, (r) => r + 100);
    expect(estimate(shifted, 'snips').value - estimate(world, 'snips').value).toBeCloseTo(100, 9);
    const { meanWeight } = evaluateLog(world.log, world.policy, { ...quick, limits: noLimits }).health;
    expect(estimate(shifted, 'ips').value - estimate(world, 'ips').value).toBeCloseTo(100 * meanWeight, 9);
  });

  it('IPS with a clip grows with the clip and ends at IPS for responses ≥ 0', () => {
    const clips = [0.2, 0.5, 1, 2, 5, 1000];
    const values = clips.map((clip) => estimate(world, 'ips', { clip }).value);
    values.slice(1).forEach((value, i) => expect(value).toBeGreaterThanOrEqual(values[i]));
    expect(values[values.length - 1]).toBeCloseTo(estimate(world, 'ips').value, 12);
  });
});

describe('doubly robust', () => {
  const world = randomWorld();
  const k = world.policy.actionCount;

  it('with zero residuals equals the direct method', () => {
    const exact = withRewards(world, (_, i) => world.model[i * k + world.log.actions[i]]);
    expect(estimate(exact, 'dr').value).toBeCloseTo(estimate(exact, 'dm').value, 12);
  });

  it('with a model of 0 equals IPS', () => {
    const empty = { ...world, model: new Float64Array(world.model.length) };
    expect(estimate(empty, 'dr').value).toBeCloseTo(estimate(empty, 'ips').value, 12);
  });
});

describe('limits of the shrinkage', () => {
  const base = randomWorld();
  // A third of the rows has weight 0, where several formulas are 0/0.
  const world: World = {
    ...base,
    policy: {
      ...base.policy,
      probabilities: base.policy.probabilities.map((_, j) => [0, 0.3, 0.7][j % 3]),
    },
  };
  const value = (id: keyof typeof estimators, options: Partial<OpeOptions> = {}) =>
    estimate(world, id, options).value;
  const rewards = world.log.responses.get('reward') ?? new Float64Array();

  it.each([
    ['dros', { drosLambda: 0 }, 'dm'],
    ['dros', { drosLambda: Infinity }, 'dr'],
    ['dros', { drosLambda: 1e12 }, 'dr'],
    ['switch-dr', { switchThreshold: 0 }, 'dm'],
    ['switch-dr', { switchThreshold: Infinity }, 'dr'],
    ['sg-ips', { subGaussianLambda: 0 }, 'ips'],
    ['sg-dr', { subGaussianLambda: 0 }, 'dr'],
    ['sndr', { clip: Infinity }, 'sndr'],
    ['mrdr', {}, 'dr'],
  ] as const)('%s with %o equals %s', (id, options, limit) => {
    expect(value(id, options)).toBeCloseTo(value(limit), 9);
  });

  it('sub-Gaussian IPS with λ = 1 is Σ 1[w > 0] r / n, not 0/0', () => {
    let sum = 0;
    rewards.forEach((r, i) => (sum += world.log.actions[i] === 0 ? 0 : r));
    expect(value('sg-ips', { subGaussianLambda: 1 })).toBeCloseTo(sum / world.log.rounds, 12);
  });

  it('sub-Gaussian DR with λ = 1 is DM plus the plain residuals where w > 0', () => {
    const k = world.policy.actionCount;
    let sum = 0;
    rewards.forEach((r, i) => {
      const a = world.log.actions[i];
      sum += a === 0 ? 0 : r - world.model[i * k + a];
    });
    const expected = value('dm') + sum / world.log.rounds;
    expect(value('sg-dr', { subGaussianLambda: 1 })).toBeCloseTo(expected, 12);
  });

  it('shrunk weights are bounded: √λ/2 for DRos, 1/λ for sub-Gaussian, λ for switch', () => {
    const largest = (id: keyof typeof estimators, options: HyperParameters) => {
      const { shrinkage } = createEstimator(id, options);
      const weights = Array.from({ length: 2000 }, (_, i) => i * i * 0.01);
      return Math.max(...weights.map((w) => shrinkage?.of(w) ?? w));
    };
    expect(largest('dros', { drosLambda: 25 })).toBeLessThanOrEqual(2.5);
    expect(largest('dros', { drosLambda: 25 })).toBeGreaterThan(2.4);
    expect(largest('sg-ips', { subGaussianLambda: 0.2 })).toBeLessThanOrEqual(5);
    expect(largest('sg-ips', { subGaussianLambda: 0.2 })).toBeGreaterThan(4.9);
    expect(largest('switch-dr', { switchThreshold: 7 })).toBeLessThanOrEqual(7);
  });

  it.each([{ clip: 0 }, { switchThreshold: -1 }, { drosLambda: NaN }, { subGaussianLambda: 1.5 }])(
    'a setting outside its range, %o, is refused',
    (options) => {
      expect(() => estimate(world, 'ips', options)).toThrow('invariant');
    },
  );

  it('a forced row keeps its weight of 1 under every shrinkage', () => {
    const isForced = new Uint8Array(world.log.rounds).fill(1);
    isForced[0] = 0;
    const forced = { ...world, log: { ...world.log, isForced } };
    const options = { switchThreshold: 0, drosLambda: 0, subGaussianLambda: 1 };
    for (const id of ['switch-dr', 'dros', 'sg-dr'] as const) {
      // One free row of 2,000 may move the mean by its own value only.
      const mean = compensatedSum(rewards) / rewards.length;
      expect(Math.abs(estimate(forced, id, options).value - mean)).toBeLessThan(2 / rewards.length);
    }
  });
});

describe('self-normalised doubly robust', () => {
  it('stays within q̂ plus the residuals, where DR leaves it', () => {
    let outside = 0;
    for (let seed = 1; seed <= 20; seed++) {
      const world = randomWorld({ n: 12, seed });
      const k = world.policy.actionCount;
      const rewards = world.log.responses.get('reward') ?? new Float64Array();
      const residuals = [...rewards].map((r, i) => r - world.model[i * k + world.log.actions[i]]);
      const [low, high] = [Math.min(...residuals), Math.max(...residuals)];
      const dm = estimate(world, 'dm').value;
      const sndr = estimate(world, 'sndr').value;
      expect(sndr).toBeGreaterThanOrEqual(dm + low - 1e-12);
      expect(sndr).toBeLessThanOrEqual(dm + high + 1e-12);
      const { value } = estimate(
        { ...world, log: { ...world.log, propensities: world.log.propensities.map((p) => p / 20) } },
        'dr',
      );
      if (value < dm + low || value > dm + high) outside++;
    }
    expect(outside).toBeGreaterThan(0);
  });

  it('shifts by exactly a constant added to response and model', () => {
    const world = randomWorld();
    const shifted = withRewards({ ...world, model: world.model.map((q) => q + 100) }, (r) => r + 100);
    expect(estimate(shifted, 'sndr').value - estimate(world, 'sndr').value).toBeCloseTo(100, 9);
  });
});

describe('the weights with which MRDR fits its model', () => {
  it('are π (1 − p) / p², and 0 on rows that were forced', () => {
    const { log, policy } = randomWorld({ n: 3 });
    const isForced = Uint8Array.from([0, 1, 0]);
    const weights = mrdrFittingWeights({ ...log, isForced }, policy);
    const [p, pi] = [log.propensities[2], policy.probabilities[2 * 3 + log.actions[2]]];
    expect(weights[1]).toBe(0);
    expect(weights[2]).toBeCloseTo((pi * (1 - p)) / p ** 2, 12);
  });
});

describe('step-wise NCIS', () => {
  // Two actions, μ(1) = .05, π(1) = .9, r = (.2, 1): the limits by clip, weights by mass.
  const rows = 2000;
  const ones = rows * 0.05;
  const world: World = {
    log: {
      rounds: rows,
      actions: Int32Array.from({ length: rows }, (_, i) => (i < ones ? 1 : 0)),
      propensities: Float64Array.from({ length: rows }, (_, i) => (i < ones ? 0.05 : 0.95)),
      responses: new Map([['reward', Float64Array.from({ length: rows }, (_, i) => (i < ones ? 1 : 0.2))]]),
      units: Int32Array.from({ length: rows }, (_, i) => i),
      unitCount: rows,
    },
    policy: {
      kind: 'distribution',
      actionCount: 2,
      probabilities: Float64Array.from({ length: 2 * rows }, (_, i) => (i % 2 === 0 ? 0.1 : 0.9)),
    },
    model: new Float64Array(2 * rows),
  };
  it.each([
    [undefined, 0.92],
    [10, 0.8666666667],
    [5, 0.7714285714],
    [2, 0.6],
  ])('with clip %s has the limit %s', (clip, limit) => {
    expect(estimate(world, 'snips', clip === undefined ? {} : { clip }).value).toBeCloseTo(limit, 9);
  });
});

describe('sums by unit', () => {
  it('refuse to merge tables of different units', () => {
    const column = sumByUnit(Int32Array.from([0, 1]), 2, () => 1);
    const table = { unitCount: 2, columns: new Map([['rows', column]]) };
    expect(() => mergeUnitSums(table, { ...table, unitCount: 3 })).toThrow('the same units');
  });
});
