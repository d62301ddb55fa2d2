import type { BanditLog, EvaluationPolicy } from '../../src/core/ope/bandit-log.ts';
import { rowIds } from '../../offline/ope-workers/poisson-stream.ts';
import type { UnitChunk } from '../../offline/ope-workers/resample-stream.ts';

/** What the baseline is given too: two actions, propensities in [.2, .8], rewards of about .15. */
export interface LogRow {
  propensity: number;
  policy: number;
  action: number;
  reward: number;
}

/** Row i of the log, the same in whatever part it is made: a few rounds of a hash are its randomness. */
export function rowOf(i: number, row: LogRow): void {
  const p = 0.2 + 0.6 * unit(i, 1);
  const q = 0.1 + 0.8 * unit(i, 2);
  row.action = unit(i, 3) < p ? 0 : 1;
  row.propensity = row.action === 0 ? p : 1 - p;
  row.policy = row.action === 0 ? q : 1 - q;
  row.reward = unit(i, 4) < 0.1 + 0.1 * row.action ? 1 : 0;
}

function unit(i: number, salt: number): number {
  let h = Math.imul(i + 1, 0x9e3779b1) ^ Math.imul(salt, 0x85ebca77);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 0) / 4_294_967_296;
}

const CHUNK = 65_536;

/** Every row is its own unit: chunks of (w r, w). Nothing of the log is kept. */
export function* rowsAsUnits(rounds: number): Generator<UnitChunk> {
  const row: LogRow = { propensity: 1, policy: 1, action: 0, reward: 0 };
  for (let from = 0; from < rounds; from += CHUNK) {
    const count = Math.min(CHUNK, rounds - from);
    const weightedRewards = new Float64Array(count);
    const weights = new Float64Array(count);
    for (let k = 0; k < count; k++) {
      rowOf(from + k, row);
      weights[k] = row.policy / row.propensity;
      weightedRewards[k] = weights[k] * row.reward;
    }
    yield { columns: [weightedRewards, weights], ids: rowIds(from, count) as Int32Array<ArrayBuffer> };
  }
}

/** Units of ten rows and more: their sums are made first, then handed over in chunks. */
export function* unitsOf(rounds: number, unitCount: number): Generator<UnitChunk> {
  const weightedRewards = new Float64Array(unitCount);
  const weights = new Float64Array(unitCount);
  const row: LogRow = { propensity: 1, policy: 1, action: 0, reward: 0 };
  for (let i = 0; i < rounds; i++) {
    rowOf(i, row);
    const w = row.policy / row.propensity;
    weights[i % unitCount] += w;
    weightedRewards[i % unitCount] += w * row.reward;
  }
  for (let from = 0; from < unitCount; from += CHUNK) {
    const to = Math.min(unitCount, from + CHUNK);
    const columns = [weightedRewards.slice(from, to), weights.slice(from, to)];
    yield { columns, ids: rowIds(from, to - from) as Int32Array<ArrayBuffer> };
  }
}

/** The same log in memory. */
export function logInMemory(rounds: number, unitCount: number): { log: BanditLog; policy: EvaluationPolicy } {
  const row: LogRow = { propensity: 1, policy: 1, action: 0, reward: 0 };
  const actions = new Int32Array(rounds);
  const propensities = new Float64Array(rounds);
  const rewards = new Float64Array(rounds);
  const probabilities = new Float64Array(rounds);
  const units = new Int32Array(rounds);
  for (let i = 0; i < rounds; i++) {
    rowOf(i, row);
    actions[i] = row.action;
    propensities[i] = row.propensity;
    rewards[i] = row.reward;
    probabilities[i] = row.policy;
    units[i] = i % unitCount;
  }
  const log = { rounds, actions, propensities, responses: new Map([['reward', rewards]]), units, unitCount };
  return { log, policy: { kind: 'logged-action', probabilities } };
}
