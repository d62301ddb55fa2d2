import { describe, expect, it } from 'vitest';
import { fitActionValues, fittedQDefaults, type FittedQInput } from '../../offline/evaluation/fitted-q.ts';
import { fitValueTables } from '../../offline/evaluation/fitted-q-tables.ts';
import { toSequentialLog } from '../../offline/evaluation/to-sequential-log.ts';
import type { Dataset } from '../../offline/dataset/dataset.ts';
import { evaluateSequentialLog } from '../../src/core/ope/sequential/evaluate-sequential-log.ts';
import { isRefusal, type SequentialEstimatorId } from '../../src/core/ope/report.ts';
import { createRandom } from '../../src/core/math/random.ts';
import {
  fullLog,
  noLimits,
  quarters,
  quick,
  simulatedLog,
  trueValue,
  valueOf,
  viewOf,
  type SessionWorld,
} from '../core/ope-sequential/world.ts';
import { makeRecords, readerOf, worldEnd, worldSurface } from './learning-world.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeSnapshot } from '../../offline/dataset/snapshot.ts';
import { loadDataset } from '../../offline/dataset/load.ts';

/** States as one-hot cells of (step, state): tabular fitted Q. */
function tabular({ log, policy }: SessionWorld): FittedQInput {
  const stateCount = log.states?.count ?? 0;
  const width = quarters.horizon * stateCount;
  const states = new Float32Array(log.rounds * width);
  const nextRow = new Int32Array(log.rounds).fill(-1);
  const done = new Uint8Array(log.rounds);
  for (let j = 0; j < log.sessionCount; j++) {
    for (let i = log.starts[j]; i < log.starts[j + 1]; i++) {
      states[i * width + (i - log.starts[j]) * stateCount + (log.states?.indices[i] ?? 0)] = 1;
      if (i + 1 < log.starts[j + 1]) nextRow[i] = i + 1;
      else done[i] = 1;
    }
  }
  return {
    rows: log.rounds,
    width,
    states,
    actionCount: policy.actionCount,
    actions: log.actions,
    rewards: log.responses.get('reward') ?? new Float64Array(),
    unitIds: Array.from(log.units, (u) => `unit-${u}`),
    nextRow,
    done,
    policy: policy.probabilities,
    discount: log.discount,
  };
}

/** π with all mass on its likeliest action: what fitted Q by argmax values. */
const argmaxOf = (input: FittedQInput): Float64Array =>
  input.policy.map((p, at) => {
    const row = at - (at % input.actionCount);
    const likeliest = input.policy.subarray(row, row + input.actionCount).reduce((a, b) => Math.max(a, b));
    return p === likeliest ? 1 : 0;
  });

const exactly = { ...fittedQDefaults, folds: 1, ridge: 0, minRows: 1, tolerance: 1e-12 };
const valueUnder = (world: SessionWorld, actionValues: Float64Array): number =>
  valueOf('fqe', viewOf(world.log, world.policy, { actionValues }));

describe.each([1, 0.9])('fitted Q with discount %s', (discount) => {
  const full = fullLog(quarters, discount);
  const input = tabular(full);
  const truth = trueValue(quarters, discount);

  it('by expectation is Q of dynamic programming, on a log with every session in proportion', () => {
    const found = fitActionValues(input, exactly);
    found.forEach((q, at) => expect(q).toBeCloseTo(full.exact[at], 9));
    expect(valueUnder(full, found)).toBeCloseTo(truth, 9);
  });

  it('by argmax is another number: that of the deterministic policy', () => {
    const byArgmax = fitActionValues({ ...input, policy: argmaxOf(input) }, exactly);
    const deterministic = quarters.evaluation.map((row) => row.map((p) => (p === Math.max(...row) ? 1 : 0)));
    const own = { ...full, policy: { ...full.policy, probabilities: argmaxOf(input) } };
    expect(valueUnder(own, byArgmax)).toBeCloseTo(trueValue(quarters, discount, deterministic), 9);
    expect(Math.abs(valueUnder(own, byArgmax) - truth)).toBeGreaterThan(0.2);
    // Even averaged over π at the first state it stays wrong: later states were valued by argmax.
    expect(Math.abs(valueUnder(full, byArgmax) - truth)).toBeGreaterThan(0.05);
  });

  it('cross-fitted on simulated sessions is near the truth, and makes doubly robust precise', () => {
    const world = simulatedLog(quarters, discount, 3000, 21);
    const actionValues = fitActionValues(tabular(world));
    const report = evaluateSequentialLog(world.log, world.policy, {
      ...quick,
      estimators: ['pdis', 'sequential-dr', 'wdr', 'magic', 'fqe'],
      valueTables: new Map([['reward', { actionValues }]]),
    });
    const of = (id: SequentialEstimatorId) => {
      const e = report.estimates.find(({ estimator }) => estimator === id);
      if (e === undefined || isRefusal(e)) throw new Error(`${id} was refused`);
      return e;
    };
    for (const id of ['sequential-dr', 'wdr'] as const) {
      expect(Math.abs(of(id).value - truth)).toBeLessThan(3 * of(id).standardError);
      expect(of(id).standardError).toBeLessThan(0.8 * of('pdis').standardError);
    }
    for (const id of ['fqe', 'magic'] as const) {
      expect(Math.abs(of(id).value - truth)).toBeLessThan(4 * of('wdr').standardError);
    }
  });
});

describe('fitted Q', () => {
  const world = simulatedLog(quarters, 0.9, 600, 4);
  const input = tabular(world);

  it('predicts no row from its own unit: changing a unit’s rewards leaves its predictions', () => {
    const unit = input.unitIds[0];
    const changed = {
      ...input,
      rewards: input.rewards.map((r, i) => (input.unitIds[i] === unit ? r + 1000 : r)),
    };
    const [before, after] = [fitActionValues(input), fitActionValues(changed)];
    const isMine = (at: number): boolean => input.unitIds[Math.floor(at / 2)] === unit;
    before.forEach((q, at) => {
      if (isMine(at)) expect(after[at]).toBe(q);
    });
    expect(after.some((q, at) => q !== before[at])).toBe(true);
  });

  it('does not take the end of a cut-off session for an end', () => {
    const ends = input.nextRow.map((next, row) => (next < 0 && input.unitIds[row].length % 2 === 0 ? 1 : 0));
    const cut = { ...input, done: input.done.map((flag, row) => (ends[row] === 1 ? 0 : flag)) };
    const broken = { ...cut, rewards: cut.rewards.map((r, row) => (ends[row] === 1 ? 1e6 : r)) };
    // What stands on a row without a target does not matter.
    expect(fitActionValues(broken)).toEqual(fitActionValues(cut));
    expect(fitActionValues(cut)).not.toEqual(fitActionValues(input));
  });

  it('on forced rows counts the forced action alone', () => {
    const isForced = new Uint8Array(input.rows).fill(1);
    const forced = fitActionValues({ ...input, isForced }, exactly);
    const behavior = Float64Array.from(input.policy, (_, at) =>
      Number(input.actions[Math.floor(at / 2)] === at % 2),
    );
    fitActionValues({ ...input, policy: behavior }, exactly).forEach((q, at) =>
      expect(forced[at]).toBeCloseTo(q, 9),
    );
  });

  it('stops when values run away', () => {
    // One feature that doubles with every step, and a discount that does not hold it.
    const rows = 200;
    const random = createRandom(2);
    const runaway: FittedQInput = {
      rows,
      width: 1,
      states: Float32Array.from({ length: rows }, (_, i) => (i % 2 === 0 ? 1 : 2)),
      actionCount: 1,
      actions: new Int32Array(rows),
      rewards: Float64Array.from({ length: rows }, () => random.uniform()),
      unitIds: Array.from({ length: rows }, (_, i) => `${i >> 1}`),
      nextRow: Int32Array.from({ length: rows }, (_, i) => (i % 2 === 0 ? i + 1 : -1)),
      // Its second rows are cut off: only the doubling is fitted.
      done: new Uint8Array(rows),
      policy: new Float64Array(rows).fill(1),
      discount: 1,
    };
    expect(() => fitActionValues(runaway, { ...exactly, maxIterations: 2000 })).toThrow('did not settle');
  });
});

describe('a snapshot', () => {
  it('becomes sessions with fitted values, and is answered by every estimator that needs no states', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'allot-fitted-q-'));
    try {
      const reader = readerOf(makeRecords({ units: 400, perUnit: 5, seed: 3 }));
      const window = { tenant: 'default', surface: worldSurface, from: 0, until: worldEnd };
      await writeSnapshot({ reader, ...window, directory: folder });
      const dataset: Dataset = await loadDataset(folder);
      const log = toSequentialLog(dataset, 0.9);
      expect(log.sessionCount).toBe(dataset.nextRow.filter((next) => next < 0).length);
      const policy = new Float64Array(dataset.rows * 2).fill(0.5);
      const valueTables = fitValueTables(dataset, policy, 0.9);
      const evaluation = { kind: 'distribution', actionCount: 2, probabilities: policy } as const;
      const report = evaluateSequentialLog(log, evaluation, { ...quick, valueTables, limits: noLimits });
      expect(report.estimates.filter(isRefusal)).toEqual([]);
      expect(report.estimates).toHaveLength(dataset.responses.size * 11);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
