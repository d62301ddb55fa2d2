import { createRandom, type Random } from '../../math/random.ts';
import { quantile } from '../../math/quantile.ts';
import { isForcedRow, type BanditLog } from '../bandit-log.ts';
import type { DistributionPolicy } from './self-test-types.ts';

/**
 * Outcomes with a known mean on the contexts of a log:
 *
 *   r = m(x, a) + e,   m = q̂ + s · d(x, a),   d ∝ min(w(x, a), c) standardised, and a wave in the probabilities
 *
 * q̂ is fitted on the real log. d is what it was not made for: outcomes depend on how π differs from μ, which is where a
 * policy that learned from outcomes goes, and the direction in which a wrong q̂ biases a value most. e are the residuals
 * r − q̂ of another unit, all of them together, so tails and the dependence within a unit are those of the log. A response
 * of two values is drawn as such, with m cut to their range.
 */
export interface World {
  /** m(x, a) of every row and action, rounds × K. */
  readonly means: Float64Array;
  /** Null where the response has two values. */
  readonly residuals: Residuals | null;
  readonly range: { readonly low: number; readonly high: number } | null;
  /** V(π) = (1/n) Σᵢ Σₐ π(a∣xᵢ) m(xᵢ, a). */
  readonly truth: number;
}

/** Residuals by unit, centred so that a row of a unit drawn at random has mean 0. */
export interface Residuals {
  readonly values: Float64Array;
  /** Rows of unit k: rows[start[k]] … rows[start[k + 1] − 1]. */
  readonly start: Int32Array;
  readonly rows: Int32Array;
}

export interface WorldInput {
  readonly log: BanditLog;
  readonly policy: DistributionPolicy;
  readonly behavior: Float64Array;
  readonly response: string;
  /** q̂ on the real log. */
  readonly model: Float64Array;
  readonly misspecification: number;
  readonly seed: number;
}

export function createWorld(input: WorldInput): World {
  const { log, policy, response, model } = input;
  const values = log.responses.get(response) ?? new Float64Array(0);
  const k = policy.actionCount;
  const raw = values.map((r, i) => r - model[i * k + log.actions[i]]);
  const range = twoValues(values);
  const size = input.misspecification * distortionSize(values, raw, log, model, k);
  const shape = distortion(input);
  const means = model.map((q, j) => {
    const m = q + size * shape[j];
    return range === null ? m : Math.min(range.high, Math.max(range.low, m));
  });
  const residuals = range === null ? centred(log, raw) : null;
  return { means, residuals, range, truth: valueOf(log, policy, means) };
}

function twoValues(values: Float64Array): World['range'] {
  const seen = new Set<number>();
  for (const value of values) {
    seen.add(value);
    if (seen.size > 2) return null;
  }
  return { low: Math.min(...seen), high: Math.max(...seen) };
}

/** As large as what the model explains or half the mean, whichever is larger, but never above the residuals. */
function distortionSize(
  values: Float64Array,
  residuals: Float64Array,
  log: BanditLog,
  model: Float64Array,
  k: number,
): number {
  const explained = deviation(values.map((_, i) => model[i * k + log.actions[i]]));
  const level = Math.abs(values.reduce((sum, r) => sum + r / values.length, 0)) / 2;
  return Math.min(deviation(residuals), Math.max(explained, level));
}

function deviation(values: Float64Array): number {
  const mean = values.reduce((sum, v) => sum + v / values.length, 0);
  return Math.sqrt(values.reduce((sum, v) => sum + ((v - mean) * (v - mean)) / values.length, 0));
}

/** d(x, a): the clipped weight and a fourth as much of a wave, each with mean 0 and deviation 1 under μ. */
function distortion({ log, policy, behavior, seed }: WorldInput): Float64Array {
  const k = policy.actionCount;
  const random = createRandom(seed).fork('distortion');
  const weights = behavior.map((p, j) => (p > 0 ? policy.probabilities[j] / p : 0));
  const positive = weights.filter((_, j) => behavior[j] > 0);
  const clip = Math.max(1, quantile(positive, 0.95));
  const clipped = standardised(
    weights.map((w) => Math.min(w, clip)),
    behavior,
    log.rounds,
  );
  const wave = standardised(waves(behavior, policy.probabilities, k, random), behavior, log.rounds);
  return clipped.map((value, j) => value + wave[j] / 4);
}

function waves(behavior: Float64Array, evaluation: Float64Array, k: number, random: Random): Float64Array {
  const frequency = Array.from({ length: k }, () => 4 + 8 * random.uniform());
  const phase = Array.from({ length: k }, () => 2 * Math.PI * random.uniform());
  return behavior.map((p, j) => Math.cos(frequency[j % k] * (p + evaluation[j]) + phase[j % k]));
}

function standardised(values: Float64Array, behavior: Float64Array, rounds: number): Float64Array {
  let mean = 0;
  for (let j = 0; j < values.length; j++) mean += (behavior[j] * values[j]) / rounds;
  let variance = 0;
  for (let j = 0; j < values.length; j++) variance += (behavior[j] * (values[j] - mean) ** 2) / rounds;
  const scale = variance < 1e-12 ? 0 : 1 / Math.sqrt(variance);
  return values.map((value) => (value - mean) * scale);
}

function centred(log: BanditLog, raw: Float64Array): Residuals {
  const { start, rows } = rowsByUnit(log);
  let mean = 0;
  for (let k = 0; k < log.unitCount; k++) {
    const count = start[k + 1] - start[k];
    for (let at = start[k]; at < start[k + 1]; at++) mean += raw[rows[at]] / count / log.unitCount;
  }
  return { values: raw.map((value) => value - mean), start, rows };
}

export function rowsByUnit(log: BanditLog): Pick<Residuals, 'start' | 'rows'> {
  const start = new Int32Array(log.unitCount + 1);
  for (const unit of log.units) start[unit + 1]++;
  for (let k = 0; k < log.unitCount; k++) start[k + 1] += start[k];
  const next = start.slice();
  const rows = new Int32Array(log.rounds);
  log.units.forEach((unit, i) => (rows[next[unit]++] = i));
  return { start, rows };
}

function valueOf(log: BanditLog, policy: DistributionPolicy, means: Float64Array): number {
  const k = policy.actionCount;
  let value = 0;
  for (let i = 0; i < log.rounds; i++) {
    if (isForcedRow(log, i)) {
      value += means[i * k + log.actions[i]] / log.rounds;
      continue;
    }
    for (let j = i * k; j < (i + 1) * k; j++) value += (policy.probabilities[j] * means[j]) / log.rounds;
  }
  return value;
}
