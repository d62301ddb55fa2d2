import { compensatedSum } from '../math/compensated-sum.ts';
import { isForcedRow, loggedActionProbability, type BanditLog, type EvaluationPolicy } from './bandit-log.ts';
import { actionCalibration } from './calibration.ts';
import { influencesByUnit, standardError } from './delta-method.ts';
import { ratio } from './estimator.ts';
import type { HealthRecord } from './report.ts';
import { sumByUnit } from './unit-sums.ts';
import { clippedFraction } from './weights.ts';

export const SMALL_PROPENSITY = 0.01;
/** null: no clip. */
export const CLIP_SWEEP: readonly (number | null)[] = [2, 5, 10, 20, 50, null];

export interface Health {
  readonly record: HealthRecord;
  /** Standard error of mean(1/p − supported actions), by unit. */
  readonly inversePropensityError: number;
}

/** Health of a log whose numbers are broken: everything that needs a weight is NaN (null in JSON), never 0. */
export function unknownHealth(log: BanditLog): HealthRecord {
  return {
    rounds: log.rounds,
    units: log.unitCount,
    effectiveSampleSize: NaN,
    meanWeight: NaN,
    meanWeightStandardError: NaN,
    maxWeight: NaN,
    maxWeightShare: NaN,
    clippedFraction: NaN,
    unsupportedFraction: NaN,
    smallPropensityFraction: NaN,
    meanInversePropensity: NaN,
    meanSupportedActions: NaN,
    clipSweep: [],
  };
}

/** Everything about a log and a policy that says whether an estimate from them can be trusted; see `docs/ope.md`. */
export function measureHealth(
  log: BanditLog,
  policy: EvaluationPolicy,
  weights: Float64Array,
  clip: number | 'auto' | undefined,
): Health {
  const byUnit = (term: (i: number) => number) => sumByUnit(log.units, log.unitCount, term);
  const rows = byUnit(() => 1);
  const weightOf = byUnit((i) => weights[i]);
  const supported = supportedActions(log);
  const inverse = (i: number) => (isForcedRow(log, i) ? 1 : 1 / log.propensities[i]);
  const weightTotal = compensatedSum(weightOf);
  return {
    record: {
      rounds: log.rounds,
      units: log.unitCount,
      effectiveSampleSize: effectiveSampleSize(weightOf),
      meanWeight: weightTotal / log.rounds,
      meanWeightStandardError: ratioError(weightOf, rows),
      maxWeight: maximum(weights),
      maxWeightShare: weightTotal === 0 ? NaN : maximum(weightOf) / weightTotal,
      // With a clip of its own for every estimate there is no single share.
      clippedFraction: clip === 'auto' ? NaN : clippedFraction(log, weights, clip),
      unsupportedFraction: unsupportedFraction(log, policy),
      smallPropensityFraction: smallPropensityFraction(log, policy),
      meanInversePropensity: compensatedSum(byUnit(inverse)) / log.rounds,
      meanSupportedActions: compensatedSum(byUnit(supported)) / log.rounds,
      clipSweep: clipSweep(log, weights),
      calibration: actionCalibration(log),
    },
    inversePropensityError: ratioError(
      byUnit((i) => inverse(i) - supported(i)),
      rows,
    ),
  };
}

/** (Σ Wₖ)² / Σ Wₖ² of unit sums Wₖ: how many units of weight 1 would be as good. */
export function effectiveSampleSize(unitWeights: Float64Array): number {
  let sum = 0;
  let squares = 0;
  for (const w of unitWeights) {
    sum += w;
    squares += w * w;
  }
  return squares === 0 ? 0 : (sum * sum) / squares;
}

export function ratioError(numerators: Float64Array, denominators: Float64Array): number {
  const gradient = ratio.gradient([compensatedSum(numerators), compensatedSum(denominators)]);
  return standardError(influencesByUnit([numerators, denominators], gradient));
}

function maximum(values: Float64Array): number {
  let largest = -Infinity;
  for (const value of values) if (value > largest) largest = value;
  return largest;
}

/** Which actions the log serves by chance; an action that was only ever forced has no support elsewhere. */
export function shownActions(log: BanditLog): ReadonlySet<number> {
  const shown = new Set<number>();
  for (let i = 0; i < log.rounds; i++) if (!isForcedRow(log, i)) shown.add(log.actions[i]);
  return shown;
}

/** Number of actions with μ(a∣x) > 0: exact where the behavior distribution is logged, else those ever shown. */
function supportedActions(log: BanditLog): (i: number) => number {
  const behavior = log.behaviorProbabilities;
  const shown = shownActions(log).size;
  if (behavior === undefined) return (i) => (isForcedRow(log, i) || log.propensities[i] === 1 ? 1 : shown);
  const width = behavior.length / log.rounds;
  return (i) => {
    if (isForcedRow(log, i)) return 1;
    let count = 0;
    for (let a = 0; a < width; a++) if (behavior[i * width + a] > 0) count++;
    return count;
  };
}

/** Mean evaluation mass on actions without support; NaN when only π of the logged action is known. */
function unsupportedFraction(log: BanditLog, policy: EvaluationPolicy): number {
  if (policy.kind === 'logged-action') return NaN;
  const k = policy.actionCount;
  const behavior = log.behaviorProbabilities;
  const shown = shownActions(log);
  let mass = 0;
  for (let i = 0; i < log.rounds; i++) {
    if (isForcedRow(log, i)) continue;
    if (behavior === undefined && log.propensities[i] === 1) {
      mass += 1 - loggedActionProbability(log, policy, i);
      continue;
    }
    for (let a = 0; a < k; a++) {
      const isSupported = behavior === undefined ? shown.has(a) : behavior[i * k + a] > 0;
      if (!isSupported) mass += policy.probabilities[i * k + a];
    }
  }
  return mass / log.rounds;
}

function smallPropensityFraction(log: BanditLog, policy: EvaluationPolicy): number {
  let count = 0;
  for (let i = 0; i < log.rounds; i++) {
    if (isForcedRow(log, i) || log.propensities[i] >= SMALL_PROPENSITY) continue;
    if (loggedActionProbability(log, policy, i) > 0) count++;
  }
  return count / log.rounds;
}

/** IPS at every clip of the sweep, one value per response: how far the estimate hangs on its largest weights. */
function clipSweep(log: BanditLog, weights: Float64Array): HealthRecord['clipSweep'] {
  return CLIP_SWEEP.map((clip) => ({
    clip,
    values: [...log.responses.values()].map((responses) => {
      let sum = 0;
      for (let i = 0; i < log.rounds; i++) {
        const w = isForcedRow(log, i) || clip === null ? weights[i] : Math.min(weights[i], clip);
        if (w !== 0) sum += w * responses[i];
      }
      return sum / log.rounds;
    }),
  }));
}
