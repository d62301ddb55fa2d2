import { describe, expect, it } from 'vitest';
import type { SequentialEstimatorId } from '../../../src/core/ope/report.ts';
import { diceFamily } from '../../../src/core/ope/sequential/dice-settings.ts';
import { selfNormalisedSteps } from '../../../src/core/ope/sequential/session-sums.ts';
import { compensatedSum } from '../../../src/core/math/compensated-sum.ts';
import { evaluateSequentialLog } from '../../../src/core/ope/sequential/evaluate-sequential-log.ts';
import { isRefusal } from '../../../src/core/ope/report.ts';
import {
  fullLog,
  logOf,
  quarters,
  quick,
  simulatedLog,
  trajectoriesOf,
  trueValue,
  valueOf,
  viewOf,
} from './world.ts';

const perSession = [
  'tis',
  'pdis',
  'sntis',
  'snpdis',
  'sequential-dr',
  'wdr',
  'marginalised-is',
  'dice',
] as const satisfies readonly SequentialEstimatorId[];

describe.each([1, 0.9])('with discount %s, on every session that μ can produce', (discount) => {
  const truth = trueValue(quarters, discount);
  const trajectories = trajectoriesOf(quarters);

  it('chances sum to 1, and sessions differ in length', () => {
    expect(trajectories.reduce((sum, { chance }) => sum + chance, 0)).toBeCloseTo(1, 12);
    expect(new Set(trajectories.map(({ steps }) => steps.length))).toEqual(new Set([1, 2, 3]));
  });

  const expectation = (id: SequentialEstimatorId, model: 'wrong' | 'exact'): number =>
    trajectories.reduce((sum, { steps, chance }) => {
      const one = logOf(quarters, [steps], discount);
      return sum + chance * valueOf(id, viewOf(one.log, one.policy, { actionValues: one[model] }));
    }, 0);

  it.each(['tis', 'pdis', 'sequential-dr'] as const)(
    '%s of one session has the true value as its mean, whatever the model',
    (id) => {
      expect(expectation(id, 'wrong')).toBeCloseTo(truth, 12);
      expect(expectation(id, 'exact')).toBeCloseTo(truth, 12);
    },
  );

  it('fitted Q has it only with a right Q', () => {
    expect(expectation('fqe', 'exact')).toBeCloseTo(truth, 12);
    expect(Math.abs(expectation('fqe', 'wrong') - truth)).toBeGreaterThan(0.05);
  });

  it('a self-normalised estimate of one session is biased: the law above can fail', () => {
    expect(Math.abs(expectation('sntis', 'exact') - truth)).toBeGreaterThan(0.05);
  });

  it('sequential-dr with a baseline V(s) that ignores the action is unbiased too', () => {
    const mean = trajectories.reduce((sum, { steps, chance }) => {
      const { log, policy } = logOf(quarters, [steps], discount);
      // A baseline may know what came before it, and nothing after.
      const stateValues = Float64Array.from(log.actions, (_, i) => Math.cos(3 * i + steps[i].state));
      const loggedOnly = {
        kind: 'logged-action',
        probabilities: Float64Array.from(log.actions, (a, i) => policy.probabilities[2 * i + a]),
      } as const;
      return sum + chance * valueOf('sequential-dr', viewOf(log, loggedOnly, { stateValues }));
    }, 0);
    expect(mean).toBeCloseTo(truth, 12);
  });

  const full = fullLog(quarters, discount);

  it.each(perSession)('%s finds the true value on a log with every session in proportion', (id) => {
    const view = viewOf(full.log, full.policy, { actionValues: full.wrong });
    expect(valueOf(id, view)).toBeCloseTo(truth, 10);
  });

  it('magic finds it with the exact model; with a wrong one it trades bias for variance, less so in longer logs', () => {
    expect(valueOf('magic', viewOf(full.log, full.policy, { actionValues: full.exact }))).toBeCloseTo(
      truth,
      10,
    );
    const off = [2048, 16 * 2048].map((count) => {
      const { log, policy, wrong } = fullLog(quarters, discount, count);
      return Math.abs(valueOf('magic', viewOf(log, policy, { actionValues: wrong })) - truth);
    });
    expect(off[0]).toBeLessThan(0.02);
    expect(off[1]).toBeLessThan(0.7 * off[0]);
  });

  it.each(['dualdice', 'algaedice', 'mwl', 'mql'] as const)('dice as %s finds it', (name) => {
    const dice = { ...diceFamily[name], knowsStep: true };
    expect(valueOf('dice', viewOf(full.log, full.policy, undefined, { dice }))).toBeCloseTo(truth, 8);
  });

  it.each(['gendice', 'bestdice'] as const)(
    'dice as %s refuses sessions that end by chance: the number of visits is not known beforehand',
    (name) => {
      const dice = { ...diceFamily[name], knowsStep: true };
      const view = viewOf(full.log, full.policy, undefined, { dice });
      expect(() => valueOf('dice', view)).toThrow('sessions differ in length');
    },
  );

  it('dice with α_Q > 0 is biased, and tends to the true value as α_Q falls', () => {
    const off = [1, 0.1, 1e-4].map((alphaQ) => {
      const dice = { ...diceFamily.bestdice, isNormalised: false, alphaQ, knowsStep: true };
      return Math.abs(valueOf('dice', viewOf(full.log, full.policy, undefined, { dice })) - truth);
    });
    expect(off[0]).toBeGreaterThan(0.01);
    expect(off[1]).toBeLessThan(off[0]);
    expect(off[2]).toBeLessThan(1e-3);
  });

  it('marginalised ratios given exactly, looking back 0 … 3 steps, find it too', () => {
    // ρ from the full log itself: the cells' weights under π over their rows.
    const view = viewOf(full.log, full.policy);
    const cells = new Map<string, { weight: number; rows: number }>();
    const keyOf = (i: number, t: number) => `${t}/${full.log.states?.indices[i]}/${full.log.actions[i]}`;
    const each = (visit: (row: number, t: number) => void): void => {
      for (let j = 0; j < full.log.sessionCount; j++) {
        for (let i = full.log.starts[j]; i < full.log.starts[j + 1]; i++) visit(i, i - full.log.starts[j]);
      }
    };
    each((i, t) => {
      const cell = cells.get(keyOf(i, t)) ?? { weight: 0, rows: 0 };
      cells.set(keyOf(i, t), { weight: cell.weight + Math.exp(view.logWeights[i]), rows: cell.rows + 1 });
    });
    const marginalRatios = new Float64Array(full.log.rounds);
    each((i, t) => {
      const { weight, rows } = cells.get(keyOf(i, t)) ?? { weight: NaN, rows: 1 };
      marginalRatios[i] = weight / rows;
    });
    for (const marginalLookback of [0, 1, 2, 3]) {
      const value = valueOf(
        'marginalised-is',
        viewOf(full.log, full.policy, undefined, { marginalRatios, marginalLookback }),
      );
      expect(value).toBeCloseTo(truth, 10);
    }
  });

  it('normalising over running sessions only is another estimator, and the wrong one', () => {
    const view = viewOf(full.log, full.policy);
    const absorbing = selfNormalisedSteps(view, 'plain', view.logWeights);
    let survivors = 0;
    for (let t = 0; t < quarters.horizon; t++) {
      let [above, below] = [0, 0];
      for (let j = 0; j < full.log.sessionCount; j++) {
        const row = full.log.starts[j] + t;
        if (row >= full.log.starts[j + 1]) continue;
        above += Math.exp(view.logWeights[row]) * view.responses[row];
        below += Math.exp(view.logWeights[row]);
      }
      survivors += discount ** t * (above / below);
    }
    expect(absorbing.value(absorbing.columns.map(compensatedSum))).toBeCloseTo(truth, 10);
    expect(Math.abs(survivors - truth)).toBeGreaterThan(0.1);
  });
});

describe('on simulated sessions', () => {
  const truth = trueValue(quarters, 0.9);
  const world = simulatedLog(quarters, 0.9, 4000, 11);
  const report = evaluateSequentialLog(world.log, world.policy, {
    ...quick,
    resamples: 400,
    valueTables: new Map([['reward', { actionValues: world.exact }]]),
  });

  it.each([...perSession, 'magic', 'fqe'] as const)(
    '%s is within three standard errors of the truth',
    (id) => {
      const found = report.estimates.find(({ estimator }) => estimator === id);
      if (found === undefined || isRefusal(found)) throw new Error('refused');
      expect(Math.abs(found.value - truth)).toBeLessThan(3 * found.standardError);
      expect(found.standardError).toBeGreaterThan(0);
      const [bootstrap, normal] = found.intervals;
      expect(bootstrap.lower).toBeLessThan(truth);
      expect(bootstrap.upper).toBeGreaterThan(truth);
      // Two ways to the same width.
      const ratio = (bootstrap.upper - bootstrap.lower) / (normal.upper - normal.lower);
      expect(ratio).toBeGreaterThan(0.8);
      expect(ratio).toBeLessThan(1.25);
    },
  );

  it('estimators that use states or a right model are more precise than the plain products', () => {
    const errorOf = (id: SequentialEstimatorId): number => {
      const found = report.estimates.find(({ estimator }) => estimator === id);
      return found === undefined || isRefusal(found) ? NaN : found.standardError;
    };
    expect(errorOf('pdis')).toBeLessThan(errorOf('tis'));
    expect(errorOf('wdr')).toBeLessThan(errorOf('pdis'));
    expect(errorOf('marginalised-is')).toBeLessThan(errorOf('pdis'));
    expect(errorOf('dice')).toBeLessThan(errorOf('pdis'));
  });

  it('no estimator disagrees with another, because all are right', () => {
    const codes = report.estimates.flatMap((e) =>
      isRefusal(e) ? [e.refusal.code] : e.warnings.map((w) => w.code),
    );
    expect(codes).not.toContain('estimators_disagree');
  });
});
