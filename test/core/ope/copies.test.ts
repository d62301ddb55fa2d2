import { describe, expect, it } from 'vitest';
import type { BanditLog } from '../../../src/core/ope/bandit-log.ts';
import { actionCalibration } from '../../../src/core/ope/calibration.ts';
import { estimatesIn, evaluateLog } from '../../../src/core/ope/evaluate-log.ts';
import { judgeCandidate } from '../../../src/core/ope/gate.ts';
import { createRandom } from '../../../src/core/math/random.ts';
import { noLimits, quick, randomWorld, selectRows, type World } from './logs.ts';

const codesOf = ({ log, policy, model }: World): string[] => {
  const rewardModels = new Map([['reward', model]]);
  const found = estimatesIn(evaluateLog(log, policy, { ...quick, rewardModels }));
  return [...new Set(found.flatMap(({ warnings }) => warnings.map(({ code }) => code)))];
};

/** Every row a unit of its own. */
const rowUnits = (world: World): World => ({
  ...world,
  log: { ...world.log, units: Int32Array.from(world.log.actions.keys()), unitCount: world.log.rounds },
});

/** A log in which nothing tells rows apart: three actions, constant policies, a binary response. */
function coarseWorld(n: number, seed: number): World {
  const random = createRandom(seed);
  const mu = [0.5, 0.3, 0.2];
  const actions = Int32Array.from({ length: n }, () => {
    const u = random.uniform();
    return u < 0.5 ? 0 : u < 0.8 ? 1 : 2;
  });
  return {
    log: {
      rounds: n,
      actions,
      propensities: Float64Array.from(actions, (a) => mu[a]),
      responses: new Map([
        ['reward', Float64Array.from(actions, (a) => Number(random.uniform() < 0.2 + 0.2 * a))],
      ]),
      units: Int32Array.from(actions.keys()),
      unitCount: n,
    },
    policy: {
      kind: 'distribution',
      actionCount: 3,
      probabilities: Float64Array.from({ length: 3 * n }, (_, j) => [0.3, 0.3, 0.4][j % 3]),
    },
    model: new Float64Array(3 * n).fill(0.4),
  };
}

const world = randomWorld({ n: 3000 });
const rows = [...world.log.actions.keys()];

describe('a copied log', () => {
  it.each([2, 3])('%s times over is flagged, whatever the order of its rows', (times) => {
    const random = createRandom(1);
    const all = Array.from({ length: times }, () => rows).flat();
    const order = all.map((row) => [random.uniform(), row]).sort(([a], [b]) => a - b);
    expect(codesOf(rowUnits(selectRows(world, all)))).toContain('duplicate_rows');
    expect(
      codesOf(
        rowUnits(
          selectRows(
            world,
            order.map(([, row]) => row),
          ),
        ),
      ),
    ).toContain('duplicate_rows');
  });

  it('is flagged where a third of it was copied, and noted where a tenth was', () => {
    const withCopies = (copies: number): string[] =>
      codesOf(rowUnits(selectRows(world, [...rows, ...rows.slice(0, copies)])));
    expect(withCopies(1000)).toContain('duplicate_rows');
    expect(withCopies(300)).toContain('repeated_rows');
    expect(withCopies(0)).not.toContain('repeated_rows');
  });

  it('is flagged where only the probability of the logged action is known', () => {
    const twice = rowUnits(selectRows(world, [...rows, ...rows]));
    const probabilities = Float64Array.from(
      twice.log.actions,
      (a, i) => twice.policy.probabilities[3 * i + a],
    );
    const { behaviorProbabilities: _, ...log } = twice.log;
    const report = evaluateLog(log, { kind: 'logged-action', probabilities }, quick);
    expect(estimatesIn(report)[0].warnings.map(({ code }) => code)).toContain('duplicate_rows');
  });

  it('warns the direct method too', () => {
    const twice = rowUnits(selectRows(world, [...rows, ...rows]));
    const report = evaluateLog(twice.log, twice.policy, {
      ...quick,
      estimators: ['dm'],
      rewardModels: new Map([['reward', twice.model]]),
    });
    expect(estimatesIn(report)[0].warnings.map(({ code }) => code)).toContain('duplicate_rows');
  });

  it('is enough for the gate to be undecided', () => {
    const big = randomWorld({ n: 6000 });
    const mirror = [...big.log.actions.keys()];
    const judged = (w: World) =>
      judgeCandidate({
        surface: {
          actions: ['a', 'b', 'c'],
          nullAction: null,
          constraints: [],
          responses: [{ name: 'reward', role: 'main', min: 0, max: 1 }],
          gate: {
            estimator: 'ips',
            level: 0.95,
            mainMargin: 1,
            auxiliaryMargins: {},
            minEffectiveUnits: 1000,
          },
        } as unknown as Parameters<typeof judgeCandidate>[0]['surface'],
        log: w.log,
        candidate: w.policy,
        champion: 'behavior',
        resamples: 50,
        seed: 1,
        artifactHash: 'a',
        snapshotHash: 's',
      }).lines.find(({ name }) => name === 'health');
    expect(judged(big)?.state).toBe('holds');
    const copied = judged(rowUnits(selectRows(big, [...mirror, ...mirror])));
    expect(copied?.state).toBe('undecided');
    expect(copied?.reason).toContain('duplicate_rows');
  });
});

describe('an honest log', () => {
  it.each([1, 2, 3, 4, 5])('whose rows look alike is not flagged (seed %s)', (seed) => {
    const trouble = codesOf(coarseWorld(4000, seed)).filter((code) => /duplicate|inconsistent/.test(code));
    expect(trouble).toEqual([]);
  });

  it('of few rows is not flagged for a chance of pairs', () => {
    for (let seed = 1; seed <= 30; seed++) {
      const { log, policy } = coarseWorld(60, seed);
      const found = estimatesIn(evaluateLog(log, policy, { ...quick, limits: noLimits }));
      expect(found[0].warnings.map(({ code }) => code)).not.toContain('duplicate_rows');
    }
  });

  it('of users whose every decision looks the same is not flagged', () => {
    const coarse = coarseWorld(4000, 9);
    const units = coarse.log.units.map((_, i) => Math.floor(i / 4));
    expect(codesOf({ ...coarse, log: { ...coarse.log, units, unitCount: 1000 } })).not.toContain(
      'duplicate_rows',
    );
  });
});

describe('calibration of propensities', () => {
  it('is 1 within its error on an honest log, by either formula', () => {
    const { behaviorProbabilities: _, ...bare } = world.log;
    for (const log of [world.log, bare] as BanditLog[]) {
      const found = actionCalibration(log);
      expect(found.map(({ action }) => action)).toEqual([0, 1, 2]);
      for (const { ratio, standardError } of found) {
        expect(Math.abs(ratio - 1)).toBeLessThan(4 * standardError);
      }
    }
  });

  it('flags propensities of another action, though they sum to 1 and the mean weight looks right', () => {
    const coarse = coarseWorld(6000, 4);
    // Logged: 0.3, 0.5, 0.2 instead of 0.5, 0.3, 0.2; π weighs the two errors so that the mean weight stays near 1.
    const wrong = [0.3, 0.5, 0.2];
    const evaluation = [0.2, 0.35, 0.45];
    const propensities = Float64Array.from(coarse.log.actions, (a) => wrong[a]);
    const probabilities = Float64Array.from({ length: 18_000 }, (_, j) => evaluation[j % 3]);
    const report = evaluateLog(
      { ...coarse.log, propensities },
      { kind: 'distribution', actionCount: 3, probabilities },
      quick,
    );
    expect(Math.abs(report.health.meanWeight - 1)).toBeLessThan(0.05);
    const reasons = estimatesIn(report)[0].warnings.filter(
      ({ code }) => code === 'propensities_inconsistent',
    );
    expect(reasons.map(({ reason }) => reason).join()).toContain('action 0 was served 1');
  });

  it('flags a logged behavior distribution that is not how actions were served', () => {
    const uniform = new Float64Array(3 * world.log.rounds).fill(1 / 3);
    const skewed = coarseWorld(world.log.rounds, 2).log;
    const log = {
      ...skewed,
      propensities: skewed.propensities.map(() => 1 / 3),
      behaviorProbabilities: uniform,
    };
    const report = evaluateLog(log, { ...world.policy, probabilities: uniform }, quick);
    expect(estimatesIn(report)[0].warnings.map(({ code }) => code)).toContain('propensities_inconsistent');
    expect(report.health.calibration?.[0].isExact).toBe(true);
  });

  it('does not flag an action that was not available on every row', () => {
    const n = 4000;
    const random = createRandom(5);
    const actions = Int32Array.from({ length: n }, (_, i) =>
      i % 2 === 0 ? Number(random.uniform() < 0.5) : Number(random.uniform() < 0.5) * 2,
    );
    const log = {
      ...coarseWorld(n, 1).log,
      actions,
      propensities: new Float64Array(n).fill(0.5),
      behaviorProbabilities: Float64Array.from(
        { length: 3 * n },
        (_, j) => [0.5, 0.5, 0, 0.5, 0, 0.5][j % 6],
      ),
    };
    expect(actionCalibration(log).every(({ ratio }) => Math.abs(ratio - 1) < 0.1)).toBe(true);
    const { behaviorProbabilities: mu, ...bare } = log;
    const report = evaluateLog(log, { kind: 'distribution', actionCount: 3, probabilities: mu }, quick);
    expect(estimatesIn(report)[0].warnings.map(({ code }) => code)).not.toContain(
      'propensities_inconsistent',
    );
    expect(actionCalibration(bare)[1].ratio).toBeCloseTo(0.5, 1);
  });
});
