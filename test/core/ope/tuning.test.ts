import { describe, expect, it } from 'vitest';
import { pairedDifference } from '../../../src/core/ope/difference.ts';
import { estimatesIn, evaluateLog } from '../../../src/core/ope/evaluate-log.ts';
import { isRefusal, type Estimate } from '../../../src/core/ope/report.ts';
import { isWeakness } from '../../../src/core/ope/trouble.ts';
import { tuningFolds } from '../../../src/core/ope/tuning/folds.ts';
import { gridOf, WEIGHT_SCALES } from '../../../src/core/ope/tuning/grid.ts';
import { chooseByProxy, mseProxy } from '../../../src/core/ope/tuning/mse-proxy.ts';
import { chooseBySlope } from '../../../src/core/ope/tuning/slope.ts';
import { createEstimator } from '../../../src/core/ope/estimators.ts';
import { importanceWeights } from '../../../src/core/ope/weights.ts';
import { noLimits, quick, randomWorld, selectRows } from './logs.ts';

describe('SLOPE++', () => {
  const of = (...pairs: [number, number][]) => pairs.map(([value, halfWidth]) => ({ value, halfWidth }));

  it('takes the narrowest candidate while all agree', () => {
    expect(chooseBySlope(of([1.02, 0.1], [1.01, 0.5], [1, 1]))).toBe(0);
  });

  it('stops at the first candidate whose bias shows, even where a later one would agree again', () => {
    expect(chooseBySlope(of([1, 0.01], [9, 0.1], [1.1, 0.5], [1, 1]))).toBe(2);
  });

  it('allows Cᵢ + (√6 − 1) Cⱼ and no more', () => {
    const limit = 0.5 + (Math.sqrt(6) - 1);
    expect(chooseBySlope(of([limit - 1e-9, 0.5], [0, 1]))).toBe(0);
    expect(chooseBySlope(of([limit + 1e-9, 0.5], [0, 1]))).toBe(1);
  });

  it('does not depend on the order of candidates of different width', () => {
    const candidates = of([1.4, 0.2], [1, 1], [0.9, 0.6]);
    const chosen = candidates[chooseBySlope(candidates)];
    const turned = [...candidates].reverse();
    expect(turned[chooseBySlope(turned)]).toEqual(chosen);
  });
});

describe('the MSE proxy', () => {
  it('is variance plus the squared bias bound', () => {
    const moments = { units: 100, meanSquare: 2, largest: 5 };
    const log = Math.log(20);
    const bias = 0.3 + Math.sqrt((4 * log) / 100) + (10 * log) / 300;
    expect(mseProxy({ value: 1.3, standardError: 0.2 }, 1, moments, 0.1)).toBeCloseTo(0.04 + bias * bias, 12);
  });

  it('prefers the least shrinkage among equals', () => {
    expect(chooseByProxy([2, 1, 1, 3])).toBe(2);
  });
});

describe('the grid', () => {
  it.each(['clip', 'switchThreshold', 'drosLambda', 'subGaussianLambda'] as const)(
    '%s goes from the most shrinkage to none, and its scale is that of a weight',
    (name) => {
      const id = {
        clip: 'ips',
        switchThreshold: 'switch-dr',
        drosLambda: 'dros',
        subGaussianLambda: 'sg-ips',
      } as const;
      const grid = gridOf(name);
      expect(grid).toHaveLength(WEIGHT_SCALES.length);
      const shrunk = grid.map(
        (value) => createEstimator(id[name], { [name]: value }).shrinkage?.of(1.5) ?? NaN,
      );
      shrunk.slice(1).forEach((weight, i) => expect(weight).toBeGreaterThanOrEqual(shrunk[i]));
      expect(shrunk[shrunk.length - 1]).toBe(1.5);
    },
  );
});

const world = randomWorld({ n: 3000, rowsPerUnit: 3 });
const models = new Map([['reward', world.model]]);
const options = { ...quick, limits: noLimits, rewardModels: models, mrdrModels: models };
const auto = {
  clip: 'auto',
  switchThreshold: 'auto',
  drosLambda: 'auto',
  subGaussianLambda: 'auto',
} as const;
const tunable = ['ips', 'snips', 'dr', 'sndr', 'switch-dr', 'dros', 'sg-ips', 'sg-dr', 'mrdr'] as const;

describe('a setting of auto', () => {
  it.each(tunable)('%s is chosen on one fold of units and valued on the other', (id) => {
    const [found] = estimatesIn(
      evaluateLog(world.log, world.policy, { ...options, ...auto, estimators: [id] }),
    );
    const { tuning, ...settings } = found.hyperParameters ?? {};
    expect(tuning).toBe('auto-slope');
    const given = Object.fromEntries(
      Object.entries(settings).map(([name, value]) => [name, value === 'infinity' ? Infinity : value]),
    );
    // The same number from the estimation fold alone, by hand.
    const { estimation } = tuningFolds(world.log.units, world.log.unitCount, options.seed);
    const rows = [...world.log.actions.keys()].filter((i) => estimation.includes(i));
    const part = selectRows(world, rows);
    const [by] = estimatesIn(
      evaluateLog(part.log, part.policy, {
        ...options,
        rewardModels: new Map([['reward', part.model]]),
        mrdrModels: new Map([['reward', part.model]]),
        ...given,
        estimators: [id],
      }),
    );
    expect(found.value).toBeCloseTo(by.value, 12);
    const note = found.warnings.find(({ code }) => code === 'tuned_on_other_units');
    expect(note?.reason).toMatch(
      /was chosen by SLOPE\+\+ on \d+ units; value and interval are from the other \d+/,
    );
    expect(note !== undefined && isWeakness(note)).toBe(false);
  });

  it('has the standard error of the estimation fold alone, up to the small-sample factor', () => {
    const { estimation, estimationUnits } = tuningFolds(world.log.units, world.log.unitCount, options.seed);
    const part = selectRows(
      world,
      [...world.log.actions.keys()].filter((i) => estimation.includes(i)),
    );
    const renumbered = part.log.units.map((u) => [...new Set(part.log.units)].indexOf(u));
    const log = { ...part.log, units: renumbered, unitCount: estimationUnits };
    const ask = { ...options, estimators: ['ips'] } as const;
    const [tuned] = estimatesIn(evaluateLog(world.log, world.policy, { ...ask, clip: 'auto' }));
    const clip = tuned.clip ?? Infinity;
    const [whole] = estimatesIn(evaluateLog(log, part.policy, { ...ask, rewardModels: new Map(), clip }));
    expect(tuned.standardError / whole.standardError).toBeCloseTo(1, 2);
  });

  it('never chooses on the rows that it values: folds are disjoint and cover the log, whole units each', () => {
    const { tuning, estimation, tuningUnits, estimationUnits } = tuningFolds(
      world.log.units,
      world.log.unitCount,
      5,
    );
    const sides = new Map<number, boolean>();
    world.log.units.forEach((unit, i) => {
      expect(tuning.includes(i)).not.toBe(estimation.includes(i));
      expect(sides.get(unit) ?? tuning.includes(i)).toBe(tuning.includes(i));
      sides.set(unit, tuning.includes(i));
    });
    expect(tuningUnits + estimationUnits).toBe(world.log.unitCount);
    expect(Math.abs(tuningUnits - estimationUnits)).toBeLessThan(200);
  });

  it('by the MSE proxy does not depend on the unit of the response', () => {
    const scaled = {
      ...world.log,
      responses: new Map([
        ['reward', (world.log.responses.get('reward') ?? new Float64Array()).map((r) => 1 + 5e4 * r)],
      ]),
    };
    const scaledModels = new Map([['reward', world.model.map((q) => 1 + 5e4 * q)]]);
    const settingsOf = (estimates: Estimate[]) => estimates.map(({ hyperParameters }) => hyperParameters);
    const ask = {
      ...options,
      ...auto,
      tuning: 'mse-proxy',
      estimators: ['ips', 'switch-dr', 'dros', 'sg-dr'],
    } as const;
    const a = settingsOf(estimatesIn(evaluateLog(world.log, world.policy, ask)));
    const b = settingsOf(
      estimatesIn(evaluateLog(scaled, world.policy, { ...ask, rewardModels: scaledModels })),
    );
    expect(a).toEqual(b);
    expect(a[0]?.tuning).toBe('auto-mse-proxy');
  });

  it('shrinks where weights are heavy and the model is right, and does not where the model is wrong', () => {
    // π wants action 0, which μ takes with 2 %: weights of 45.
    const n = 4000;
    const actions = Int32Array.from({ length: n }, (_, i) => (i % 50 === 0 ? 0 : 1 + (i % 2)));
    const reward = Float64Array.from(
      { length: n },
      (_, i) => (actions[i] + 1) / 4 + (((i * 7919) % 101) / 100 - 0.5),
    );
    const log = {
      rounds: n,
      actions,
      propensities: Float64Array.from(actions, (a) => (a === 0 ? 0.02 : 0.49)),
      responses: new Map([['reward', reward]]),
      units: Int32Array.from(actions.keys()),
      unitCount: n,
    };
    const probabilities = Float64Array.from({ length: 3 * n }, (_, j) => (j % 3 === 0 ? 0.9 : 0.05));
    const policy = { kind: 'distribution', actionCount: 3, probabilities } as const;
    const thresholdWith = (offset: number) => {
      const model = Float64Array.from(
        { length: 3 * n },
        (_, j) => ((j % 3) + 1) / 4 + (j % 3 === 0 ? offset : 0),
      );
      const rewardModels = new Map([['reward', model]]);
      const [found] = estimatesIn(
        evaluateLog(log, policy, {
          ...options,
          rewardModels,
          switchThreshold: 'auto',
          estimators: ['switch-dr'],
        }),
      );
      return found.hyperParameters?.switchThreshold;
    };
    expect(thresholdWith(0)).toBe(2);
    expect(thresholdWith(1)).not.toBe(2);
  });

  it('refuses as a fixed one does where there is no model', () => {
    const report = evaluateLog(world.log, world.policy, {
      ...quick,
      drosLambda: 'auto',
      estimators: ['dros'],
    });
    expect(report.estimates.map((e) => isRefusal(e) && e.refusal.code)).toEqual(['reward_model_missing']);
  });

  it('stays paired in a difference: both sides on the same units', () => {
    const ask = { ...options, ...auto, estimators: ['dros'] } as const;
    const [same] = pairedDifference(world.log, world.policy, world.policy, ask);
    if (isRefusal(same)) throw new Error('refused');
    expect(same.value).toBe(0);
    expect(same.standardError).toBe(0);
  });
});

describe('settings are echoed', () => {
  it('with their defaults, and nothing where there is none', () => {
    const estimates = estimatesIn(
      evaluateLog(world.log, world.policy, {
        ...options,
        estimators: ['ips', 'switch-dr', 'dros', 'sg-ips', 'dm'],
      }),
    );
    expect(estimates.map(({ hyperParameters }) => hyperParameters)).toEqual([
      undefined,
      { switchThreshold: 10 },
      { drosLambda: 100 },
      { subGaussianLambda: 0.1 },
      undefined,
    ]);
  });

  it('as a word where JSON has no number', () => {
    const [found] = estimatesIn(
      evaluateLog(world.log, world.policy, { ...options, drosLambda: Infinity, estimators: ['dros'] }),
    );
    expect(JSON.parse(JSON.stringify(found.hyperParameters))).toEqual({ drosLambda: 'infinity' });
  });

  it('and a clip beside an estimator that has none stays away from it', () => {
    const estimates = estimatesIn(
      evaluateLog(world.log, world.policy, { ...options, clip: 1.2, estimators: ['dr', 'dm', 'dros'] }),
    );
    expect(estimates.map(({ clip }) => clip)).toEqual([1.2, undefined, undefined]);
    const weights = importanceWeights(world.log, world.policy);
    const share = weights.filter((w) => w > 1.2).length / weights.length;
    expect(estimates[0].clippedFraction).toBeCloseTo(share, 12);
    expect(estimates[2].warnings.map(({ code }) => code)).toContain('shrunk_target');
  });
});
