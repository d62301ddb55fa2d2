import { isSequential, usualIntervals, type OpeQuestion } from '../../../offline/ope/question.ts';
import type { DistributionStatistic } from '../../core/ope/distribution/distribution-estimates.ts';
import { defaultLimits } from '../../core/ope/limits.ts';
import { diceFamily } from '../../core/ope/sequential/dice-settings.ts';
import type { Support } from '../../core/ope/intervals/interval-result.ts';
import type { OpeFlags } from './flags.ts';
import { givenLimits } from './limit-flags.ts';
import { badFlag } from './log-columns.ts';

/** Tells a coverage of 95 % from one of 90 %. */
const DEFAULT_REPLICATES = 200;

/**
 * What the flags ask. Flags that need each other or exclude each other are refused by name.
 *
 * @param isSnapshot its columns, versions and sessions are known
 */
export function questionOf(flags: OpeFlags, isSnapshot: boolean): OpeQuestion {
  checkFlags(flags, isSnapshot);
  const { level, resamples, seed, clip, switchThreshold, drosLambda, sgLambda, tuning, dice } = flags;
  const { maxWeight, maxRowsPerUnit, maxSteps } = flags;
  return {
    estimators: flags.estimators ?? null,
    intervals: flags.intervals ?? usualIntervals,
    pooling: flags.pooling ?? 'naive',
    options: {
      level,
      resamples,
      seed,
      limits: { ...defaultLimits, ...givenLimits({ ...flags }) },
      ...defined({ clip, switchThreshold, drosLambda, subGaussianLambda: sgLambda, tuning }),
    },
    session: {
      discount: flags.discount ?? 1,
      isTwoSided: flags.twoSidedClip === true,
      clipsFactors: flags.clipFactors === true,
      marginalLookback: flags.lookback ?? 0,
      ...(dice === undefined ? {} : { dice: { ...diceFamily[dice], knowsStep: true } }),
    },
    rewardRanges: rangesOf(flags),
    bounds: defined({ maxWeight, maxRowsPerUnit, maxSteps }),
    statistics: statisticsOf(flags),
    ...(flags.selfTest === undefined
      ? {}
      : { selfTest: { replicates: flags.selfTest === true ? DEFAULT_REPLICATES : flags.selfTest } }),
    ...(flags.plan === undefined ? {} : { plan: flags.plan }),
  };
}

function checkFlags(flags: OpeFlags, isSnapshot: boolean): void {
  const sequential = (flags.estimators ?? []).find(isSequential);
  const hasSessions = isSnapshot || flags.session !== undefined;
  if (sequential !== undefined && !hasSessions) {
    const rule = `${sequential} values sessions: name their columns by --session and --step`;
    throw badFlag('--estimators', rule);
  }
  const asksSessions = isSnapshot ? sequential !== undefined : flags.session !== undefined;
  if (asksSessions && typeof flags.clip === 'number' && flags.clip < 1) {
    throw badFlag('--clip', 'estimators of sessions need a clip of at least 1');
  }
  if (flags.pooling !== undefined) checkPooling(flags, isSnapshot);
}

function checkPooling(
  { pooling, behaviorVersion, group, segment, intervals }: OpeFlags,
  isSnapshot: boolean,
): void {
  if (!isSnapshot && behaviorVersion === undefined) {
    throw badFlag('--pooling', 'name the column of the behavior policy by --behavior-version');
  }
  if (pooling === 'naive') return;
  if (group !== undefined || segment !== undefined) {
    throw badFlag('--pooling', 'groups and segments are valued with naive pooling only');
  }
  const more = intervals?.find((method) => !usualIntervals.includes(method));
  if (pooling === 'precision-weighted' && more !== undefined) {
    throw badFlag(
      '--intervals',
      `precision-weighted estimates have ${usualIntervals.join(' and ')} only, not ${more}`,
    );
  }
}

function rangesOf({ reward = [], rewardRange = [] }: OpeFlags): ReadonlyMap<string, Support> {
  const ranges = new Map<string, Support>();
  for (const { reward: name, min, max } of rewardRange) {
    if (name === null && reward.length === 0) {
      throw badFlag('--reward-range', 'write <reward>=min,max, or name the reward by --reward');
    }
    if (name !== null && reward.length > 0 && !reward.includes(name)) {
      throw badFlag('--reward-range', `${name} is none of the rewards ${reward.join(', ')}`);
    }
    for (const of of name === null ? reward : [name]) ranges.set(of, { min, max });
  }
  return ranges;
}

const statisticsOf = ({ cdf = [], quantile = [], cvar = [] }: OpeFlags): DistributionStatistic[] => [
  ...cdf.map((at) => ({ kind: 'cdf', at }) as const),
  ...quantile.map((at) => ({ kind: 'quantile', at }) as const),
  ...cvar.map((at) => ({ kind: 'lower-tail-mean', at }) as const),
];

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Without the entries that were not given. */
function defined<T extends object>(values: T): Defined<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>;
}
