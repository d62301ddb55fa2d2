import { isForcedRow, type BanditLog, type EvaluationPolicy } from './bandit-log.ts';
import type { Warning } from './report.ts';
import { percent, shortNumber } from './trouble.ts';

/** Fewer different rows than this can all come in pairs by chance; more cannot (each adds a factor of 1/2). */
const MIN_DISTINCT = 30;
/** Standard deviations above what the propensities allow. */
const SUSPICIOUS = 6;
/**
 * Repeats beyond chance above this share of the rows are taken for copies, which is weak evidence. Below it they are a
 * note: in a real log, decisions seconds apart are often alike (6 % of the Open Bandit men's random log).
 */
const COPIED_SHARE = 0.15;

/**
 * Copied rows make an interval too narrow: the copies count as units of their own. Two tests that an honest log passes:
 *
 * 1. every different row (context as far as known, action, propensity, responses) appears a multiple of g ≥ 2 times;
 * 2. rows of different units with the same context repeat action and responses more often than independent draws may.
 *    Given the context, the chance that a row repeats the action of the one before it is its propensity p, so the number
 *    of repeats is at most Σ p, with variance Σ p (1 − p).
 *
 * A context is known as μ(·∣x) and π(·∣x); without a distribution only the first test is made. A copy that keeps its unit
 * adds to its unit's sums and narrows nothing; the first test finds it all the same.
 */
export function duplicateWarnings(log: BanditLog, policy: EvaluationPolicy): Warning[] {
  const contexts = contextKeys(log, policy);
  const rows = rowKeys(log, policy, contexts);
  const copies = commonMultiplicity(rows);
  if (copies >= 2) {
    const reason = `every row is there ${copies} times (or a multiple): the log was copied, and its intervals are too narrow`;
    return [{ code: 'duplicate_rows', reason }];
  }
  return policy.kind === 'distribution' ? repeatWarnings(log, contexts, rows) : [];
}

function repeatWarnings(log: BanditLog, contexts: Float64Array, rows: Float64Array): Warning[] {
  const swapLast = lastRowTable(contexts);
  let repeats = 0;
  let expected = 0;
  let variance = 0;
  for (let i = 0; i < log.rounds; i++) {
    if (isForcedRow(log, i)) continue;
    const before = swapLast(i);
    if (before < 0 || log.units[before] === log.units[i]) continue;
    const p = log.propensities[i];
    if (rows[before] === rows[i]) repeats++;
    expected += p;
    variance += p * (1 - p);
  }
  const isSuspicious = repeats - expected > SUSPICIOUS * Math.sqrt(variance) && repeats > log.rounds / 100;
  if (!isSuspicious || variance === 0) return [];
  const reason =
    `${percent(repeats / log.rounds)} of the rows repeat action and responses of another unit in the same context (at most ` +
    `${shortNumber(expected)} rows were expected to, ${repeats} do): copied rows, or draws that are not independent`;
  const isCopied = repeats - expected > COPIED_SHARE * log.rounds;
  return [{ code: isCopied ? 'duplicate_rows' : 'repeated_rows', reason }];
}

/** Remembers the last row of every key; open addressing, because a Map of 10⁶ numbers costs ten times the memory. */
function lastRowTable(keys: Float64Array): (row: number) => number {
  const size = 2 ** Math.ceil(Math.log2(2 * keys.length + 2));
  const rows = new Int32Array(size).fill(-1);
  return (row) => {
    let slot = keys[row] % size;
    while (rows[slot] >= 0 && keys[rows[slot]] !== keys[row]) slot = (slot + 1) % size;
    const before = rows[slot];
    rows[slot] = row;
    return before;
  };
}

/** The greatest number that divides how often every different row appears; 1 where there are too few to tell. */
function commonMultiplicity(keys: Float64Array): number {
  const sorted = keys.slice().sort();
  let common = 0;
  let distinct = 0;
  for (let from = 0; from < sorted.length;) {
    let to = from + 1;
    while (to < sorted.length && sorted[to] === sorted[from]) to++;
    common = greatestCommonDivisor(to - from, common);
    if (common === 1) return 1;
    distinct++;
    from = to;
  }
  return distinct < MIN_DISTINCT ? 1 : common;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

function contextKeys(log: BanditLog, policy: EvaluationPolicy): Float64Array {
  const parts = [
    log.behaviorProbabilities,
    policy.kind === 'distribution' ? policy.probabilities : undefined,
  ];
  const wide = parts.filter((part) => part !== undefined);
  return keysOf(log.rounds, (i, add) => {
    for (const part of wide) {
      const width = part.length / log.rounds;
      for (let j = i * width; j < (i + 1) * width; j++) add(part[j]);
    }
  });
}

function rowKeys(log: BanditLog, policy: EvaluationPolicy, contexts: Float64Array): Float64Array {
  const responses = [...log.responses.values()];
  return keysOf(log.rounds, (i, add) => {
    add(contexts[i]);
    add(log.actions[i]);
    add(log.propensities[i]);
    if (policy.kind === 'logged-action') add(policy.probabilities[i]);
    for (const values of responses) add(values[i]);
  });
}

const word = new Float64Array(1);
const bits = new Uint32Array(word.buffer);

/** A 53-bit key of the numbers of every row (two multiplicative hashes): equal rows have equal keys. */
function keysOf(rounds: number, visit: (i: number, add: (value: number) => void) => void): Float64Array {
  const keys = new Float64Array(rounds);
  let a = 0;
  let b = 0;
  const add = (value: number): void => {
    word[0] = value;
    a = Math.imul(a ^ bits[0], 0x85ebca6b) ^ bits[1];
    a = Math.imul(a ^ (a >>> 15), 0xc2b2ae35);
    b = Math.imul(b ^ bits[1], 0x9e3779b1) ^ bits[0];
    b = Math.imul(b ^ (b >>> 13), 0x27d4eb2f);
  };
  for (let i = 0; i < rounds; i++) {
    a = 1;
    b = 2;
    visit(i, add);
    keys[i] = (a >>> 0) * 2_097_152 + ((b ^ (b >>> 11)) >>> 11);
  }
  return keys;
}
