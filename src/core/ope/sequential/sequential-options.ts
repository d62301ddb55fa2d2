import { invariant } from '../../check.ts';
import { defaultLimits, type OpeLimits } from '../limits.ts';
import type { SequentialEstimatorId } from '../report.ts';
import type { Locate } from '../trouble.ts';
import { defaultDice, type DiceSettings } from './dice-settings.ts';
import type { SequentialLog } from './sequential-log.ts';
import { sequentialEstimators } from './sequential-estimators.ts';
import type { SequentialSettings } from './session-view.ts';
import type { ValueTables } from './value-tables.ts';

export interface SequentialOptions {
  /** Unless told: everything that log, policy and tables allow. */
  readonly estimators?: readonly SequentialEstimatorId[];
  /** Two-sided level of every interval, in (0, 1). */
  readonly level: number;
  /** Bootstrap resamples of units, ≥ 1. */
  readonly resamples: number;
  readonly seed: number;
  /** Given Q(s, a) or V(s) by response, in the row order of the log. */
  readonly valueTables?: ReadonlyMap<string, ValueTables>;
  /** c ≥ 1 of the `ncis-…` estimators, Infinity for none; 10 unless told. No other estimator clips. */
  readonly clip?: number;
  /** Hold weights in [1/c, c] instead of [0, c]. */
  readonly isTwoSided?: boolean;
  /** Hold each factor of the product instead of the product. */
  readonly clipsFactors?: boolean;
  /** Of `marginalised-is`: known ratios ρ(s, a) of every row, and how many steps to look back (0 unless told). */
  readonly marginalRatios?: Float64Array;
  readonly marginalLookback?: number;
  readonly dice?: DiceSettings;
  readonly limits?: Partial<OpeLimits>;
  readonly locate?: Locate;
}

export const DEFAULT_SESSION_CLIP = 10;
/** As in Thomas and Brunskill's and ReAgent's: enough for the ends of a 90 % interval. */
const MAGIC_RESAMPLES = 200;

export function sequentialSettings(options: SequentialOptions, log: SequentialLog): SequentialSettings {
  const { level, resamples, seed, marginalRatios } = options;
  const clip = options.clip ?? DEFAULT_SESSION_CLIP;
  const marginalLookback = options.marginalLookback ?? 0;
  invariant(level > 0 && level < 1, 'level in (0, 1)');
  invariant(Number.isInteger(resamples) && resamples >= 1, 'at least one resample');
  invariant(clip >= 1, 'clip ≥ 1');
  invariant(Number.isInteger(marginalLookback) && marginalLookback >= 0, 'a look-back of whole steps');
  invariant(marginalRatios === undefined || marginalRatios.length === log.rounds, 'one ratio per row');
  return {
    clip,
    isTwoSided: options.isTwoSided ?? false,
    clipsFactors: options.clipsFactors ?? false,
    ...(marginalRatios === undefined ? {} : { marginalRatios }),
    marginalLookback,
    dice: options.dice ?? defaultDice,
    maxUnseenShare: options.limits?.maxUnsupportedFraction ?? defaultLimits.maxUnsupportedFraction,
    magicResamples: MAGIC_RESAMPLES,
    seed,
  };
}

/** What was asked for, or every estimator that has what it needs. */
export function chosenSequential(
  options: SequentialOptions,
  log: SequentialLog,
): readonly SequentialEstimatorId[] {
  const hasValues = (options.valueTables?.size ?? 0) > 0;
  const hasStates = log.states !== undefined;
  const isPossible = (id: SequentialEstimatorId): boolean => {
    const { needs } = sequentialEstimators[id];
    return needs === 'nothing' || (needs === 'values' ? hasValues : hasStates);
  };
  return (
    options.estimators ?? (Object.keys(sequentialEstimators) as SequentialEstimatorId[]).filter(isPossible)
  );
}
