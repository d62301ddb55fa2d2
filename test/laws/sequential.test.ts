import { describe, expect, it } from 'vitest';
import { compensatedSum } from '../../src/core/math/compensated-sum.ts';
import { createRandom } from '../../src/core/math/random.ts';
import type { SequentialEstimatorId } from '../../src/core/ope/report.ts';
import { simplexMinimum } from '../../src/core/ope/sequential/simplex-minimum.ts';
import { isTrouble } from '../../src/core/ope/sequential/sequential-estimator.ts';
import { sequentialEstimators } from '../../src/core/ope/sequential/sequential-estimators.ts';
import { unitOfSession, type SequentialLog } from '../../src/core/ope/sequential/sequential-log.ts';
import type { SequentialOptions } from '../../src/core/ope/sequential/sequential-options.ts';
import { truncatedGradient, truncatedReturns } from '../../src/core/ope/sequential/weighted-returns.ts';
import { quarters, simulatedLog, valueOf, viewOf, type SessionWorld } from '../core/ope-sequential/world.ts';

const ids = Object.keys(sequentialEstimators) as SequentialEstimatorId[];
const world = simulatedLog(quarters, 0.9, 400, 3);

const value = (
  id: SequentialEstimatorId,
  w: SessionWorld,
  options: Partial<SequentialOptions> = {},
): number => valueOf(id, viewOf(w.log, w.policy, { actionValues: w.wrong }, options));

function reductionOf(id: SequentialEstimatorId, w: SessionWorld) {
  const reduction = sequentialEstimators[id].reduce(viewOf(w.log, w.policy, { actionValues: w.wrong }));
  if (isTrouble(reduction)) throw new Error(reduction.reason);
  return reduction;
}

/** Some sessions of a world, in the order given; they keep the unit they had. */
function pick(
  w: SessionWorld,
  sessions: readonly number[],
  unitOf = (j: number) => unitOfSession(w.log, j),
): SessionWorld {
  const k = w.policy.actionCount;
  const order = sessions.flatMap((j) =>
    Array.from({ length: w.log.starts[j + 1] - w.log.starts[j] }, (_, t) => w.log.starts[j] + t),
  );
  const starts = new Int32Array(sessions.length + 1);
  sessions.forEach((j, at) => (starts[at + 1] = starts[at] + w.log.starts[j + 1] - w.log.starts[j]));
  const wide = (table: Float64Array): Float64Array =>
    Float64Array.from(order.flatMap((i) => [...table.subarray(i * k, (i + 1) * k)]));
  const units = Int32Array.from(
    sessions.flatMap((j, at) => Array.from({ length: starts[at + 1] - starts[at] }, () => unitOf(j))),
  );
  const { states } = w.log;
  const log: SequentialLog = {
    ...w.log,
    rounds: order.length,
    actions: Int32Array.from(order, (i) => w.log.actions[i]),
    propensities: Float64Array.from(order, (i) => w.log.propensities[i]),
    responses: new Map(
      [...w.log.responses].map(([name, r]) => [name, Float64Array.from(order, (i) => r[i])]),
    ),
    units,
    sessionCount: sessions.length,
    starts,
    ...(states === undefined
      ? {}
      : { states: { ...states, indices: Int32Array.from(order, (i) => states.indices[i]) } }),
  };
  return {
    log,
    policy: { ...w.policy, probabilities: wide(w.policy.probabilities) },
    wrong: wide(w.wrong),
    exact: wide(w.exact),
  };
}

const all = Array.from({ length: world.log.sessionCount }, (_, j) => j);

const withRewards = (w: SessionWorld, map: (r: number) => number): SessionWorld => ({
  ...w,
  log: {
    ...w.log,
    responses: new Map([['reward', (w.log.responses.get('reward') ?? new Float64Array()).map(map)]]),
  },
});

describe('every estimator of sessions', () => {
  it.each(ids)('%s does not depend on the order of sessions', (id) => {
    const random = createRandom(3);
    const order = [...all];
    for (let i = order.length - 1; i > 0; i--) {
      const j = random.integer(i + 1);
      [order[i], order[j]] = [order[j], order[i]];
    }
    // MAGIC draws resamples of units, and units keep their numbers.
    expect(value(id, pick(world, order))).toBeCloseTo(value(id, world), 10);
  });

  it.each(ids)('%s scales with the unit of the response', (id) => {
    const scaled = withRewards({ ...world, wrong: world.wrong.map((q) => 60_000 * q) }, (r) => 60_000 * r);
    expect(value(id, scaled) / 60_000).toBeCloseTo(value(id, world), 9);
  });

  it.each(ids)('%s keeps its value when every session is copied to another unit', (id) => {
    const n = world.log.sessionCount;
    const twice = pick(world, [...all, ...all]);
    const units = twice.log.units.map((u, i) => (i < world.log.rounds ? u : u + n));
    const copied = { ...twice, log: { ...twice.log, units, unitCount: 2 * n } };
    // MAGIC trusts the value function less when the log says twice as much.
    if (id === 'magic') expect(value(id, copied)).not.toBe(value(id, world));
    else expect(value(id, copied)).toBeCloseTo(value(id, world), 10);
  });

  const expectGradient = (
    totals: readonly number[],
    slopes: readonly number[],
    of: (totals: readonly number[]) => number,
  ): void =>
    totals.forEach((total, j) => {
      const h = 1e-5 * Math.max(1, Math.abs(total));
      const at = (d: number) => of(totals.map((t, m) => (m === j ? t + d : t)));
      expect((at(h) - at(-h)) / (2 * h)).toBeCloseTo(slopes[j], 7);
    });

  it.each(ids.filter((id) => id !== 'magic'))('%s has the gradient of its own value', (id) => {
    const { columns, value: of, gradient } = reductionOf(id, world);
    const totals = columns.map(compensatedSum);
    expectGradient(totals, gradient(totals), of);
  });

  it('magic has the gradient of its mixture, with the mixture held', () => {
    const totals = reductionOf('magic', world).columns.map(compensatedSum);
    const x = [0.1, 0.2, 0.3, 0.4];
    expectGradient(totals, truncatedGradient(totals, 3, 0.9, x), (sums) =>
      truncatedReturns(sums, 3, 0.9).reduce((sum, g, j) => sum + x[j] * g, 0),
    );
  });
});

const mergeable = ids.filter((id) => !['magic', 'marginalised-is', 'dice'].includes(id));

describe('logs merge', () => {
  it.each(mergeable)('%s: unit sums of two parts add up to those of the whole', (id) => {
    // Both parts hold a session of the full length; units reach across the cut.
    const shared = { ...world, log: { ...world.log, unitCount: 7 } };
    const unitOf = (j: number): number => j % 7;
    const [left, right] = [all.slice(0, 150), all.slice(150)].map((part) =>
      reductionOf(id, pick(shared, part, unitOf)),
    );
    const whole = reductionOf(id, pick(shared, all, unitOf));
    const merged = left.columns.map((column, c) => compensatedSum(column) + compensatedSum(right.columns[c]));
    expect(whole.value(merged)).toBeCloseTo(value(id, world), 11);
    left.columns.forEach((column, c) =>
      column.forEach((sum, k) => expect(sum + right.columns[c][k]).toBeCloseTo(whole.columns[c][k], 9)),
    );
  });
});

describe('when the evaluated policy is the behavior policy', () => {
  const { states } = world.log;
  const probabilities = Float64Array.from(
    { length: 2 * world.log.rounds },
    (_, i) => quarters.behavior[states?.indices[Math.floor(i / 2)] ?? 0][i % 2],
  );
  const same = { ...world, policy: { ...world.policy, probabilities } };
  const rewards = world.log.responses.get('reward') ?? new Float64Array();
  let returns = 0;
  for (const j of all) {
    for (let i = world.log.starts[j]; i < world.log.starts[j + 1]; i++) {
      returns += 0.9 ** (i - world.log.starts[j]) * rewards[i];
    }
  }
  const mean = returns / world.log.sessionCount;

  it.each([
    'tis',
    'pdis',
    'sntis',
    'snpdis',
    'marginalised-is',
    'ncis-per-decision',
    'ncis-trajectory',
  ] as const)('%s is the mean return: every weight is 1', (id) =>
    expect(value(id, same)).toBeCloseTo(mean, 11),
  );

  it('ncis-step is the mean response of a row', () => {
    expect(value('ncis-step', same)).toBeCloseTo(compensatedSum(rewards) / rewards.length, 11);
  });

  it('doubly robust and WDR are equal there, whatever Q', () => {
    expect(value('sequential-dr', same)).toBeCloseTo(value('wdr', same), 11);
  });
});

describe('limits of settings', () => {
  const noModel = { ...world, wrong: new Float64Array(world.wrong.length) };

  it('doubly robust with Q = 0 is per-decision importance sampling, WDR its self-normalised form', () => {
    expect(value('sequential-dr', noModel)).toBeCloseTo(value('pdis', world), 11);
    expect(value('wdr', noModel)).toBeCloseTo(value('snpdis', world), 11);
  });

  it('NCIS without a clip is the self-normalised estimator', () => {
    const none = { clip: Infinity };
    expect(value('ncis-per-decision', world, none)).toBeCloseTo(value('snpdis', world), 11);
    expect(value('ncis-trajectory', world, none)).toBeCloseTo(value('sntis', world), 11);
  });

  it('a two-sided clip at 1 makes every weight 1', () => {
    const rewards = world.log.responses.get('reward') ?? new Float64Array();
    const one = value('ncis-step', world, { clip: 1, isTwoSided: true });
    expect(one).toBeCloseTo(compensatedSum(rewards) / rewards.length, 11);
  });

  it('self-normalised estimates stay within the smallest and largest return', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const few = simulatedLog(quarters, 1, 4, seed);
      for (const id of ['sntis', 'ncis-trajectory'] as const) {
        expect(value(id, few)).toBeGreaterThanOrEqual(-6);
        expect(value(id, few)).toBeLessThanOrEqual(9);
      }
    }
  });

  // Two actions, μ(1) = .05, π(1) = .9, r = (.2, 1). In sessions of one step all flavours agree.
  const rows = 2000;
  const isOne = (i: number): boolean => i < rows * 0.05;
  const column = (of: (i: number) => number) => Float64Array.from({ length: rows }, (_, i) => of(i));
  const log: SequentialLog = {
    rounds: rows,
    actions: Int32Array.from(column((i) => Number(isOne(i)))),
    propensities: column((i) => (isOne(i) ? 0.05 : 0.95)),
    responses: new Map([['reward', column((i) => (isOne(i) ? 1 : 0.2))]]),
    units: Int32Array.from(column((i) => i)),
    unitCount: rows,
    sessionCount: rows,
    starts: Int32Array.from({ length: rows + 1 }, (_, j) => j),
    discount: 1,
  };
  const policy = { kind: 'logged-action', probabilities: column((i) => (isOne(i) ? 0.9 : 0.1)) } as const;
  it.each([
    [Infinity, 0.92],
    [10, 0.8666666667],
    [5, 0.7714285714],
    [2, 0.6],
  ])('NCIS with clip %s has the limit %s', (clip, limit) => {
    for (const id of ['ncis-step', 'ncis-per-decision', 'ncis-trajectory'] as const) {
      expect(valueOf(id, viewOf(log, policy, undefined, { clip }))).toBeCloseTo(limit, 9);
    }
  });
});

describe('the mixture of MAGIC', () => {
  const objective = (a: Float64Array, m: number, x: ArrayLike<number>): number => {
    let sum = 0;
    for (let i = 0; i < m; i++) for (let j = 0; j < m; j++) sum += x[i] * a[i * m + j] * x[j];
    return sum;
  };

  it('solves its programme: no point of the simplex does better, on random matrices of any rank', () => {
    const random = createRandom(8);
    for (let round = 0; round < 60; round++) {
      const m = 1 + random.integer(8);
      const rank = 1 + random.integer(m);
      const factor = Float64Array.from({ length: m * rank }, () => random.normal());
      const a = Float64Array.from({ length: m * m }, (_, at) => {
        let sum = 0;
        for (let k = 0; k < rank; k++)
          sum += factor[Math.floor(at / m) * rank + k] * factor[(at % m) * rank + k];
        return sum;
      });
      const x = simplexMinimum(a, m);
      expect(Math.min(...x)).toBeGreaterThanOrEqual(0);
      expect(x.reduce((s, v) => s + v, 0)).toBeCloseTo(1, 12);
      const found = objective(a, m, x);
      const scale = a.reduce((s, v) => Math.max(s, Math.abs(v)), 0);
      for (let other = 0; other < 200; other++) {
        const raw = Array.from({ length: m }, () => random.exponential());
        const total = raw.reduce((s, v) => s + v, 0);
        const y = raw.map((v, j) => 0.2 * (v / total) + 0.8 * x[j]);
        expect(objective(a, m, y)).toBeGreaterThanOrEqual(found - 1e-9 * scale);
      }
    }
  });

  it('of two independent estimates weighs each by the other’s variance', () => {
    const x = simplexMinimum(Float64Array.from([4, 0, 0, 1]), 2);
    expect(x[0]).toBeCloseTo(0.2, 9);
    expect(x[1]).toBeCloseTo(0.8, 9);
  });

  it('uses the outer product of the biases: opposite biases cancel', () => {
    // b = (1, −1): b bᵀ has −1 beside the diagonal; squares alone would not cancel.
    const x = simplexMinimum(Float64Array.from([1.1, -1, -1, 1.1]), 2);
    expect(x[0]).toBeCloseTo(0.5, 9);
  });

  it('lies between the value function alone and WDR', () => {
    const [low, high] = [value('fqe', world), value('wdr', world)].sort((a, b) => a - b);
    const magic = value('magic', world);
    const spread = high - low;
    expect(magic).toBeGreaterThanOrEqual(low - spread);
    expect(magic).toBeLessThanOrEqual(high + spread);
  });
});
