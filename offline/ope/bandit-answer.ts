import type { BanditLog, EvaluationPolicy } from '../../src/core/ope/bandit-log.ts';
import { evaluateByGroup } from '../../src/core/ope/by-group.ts';
import { pairedDifference, type Opponent } from '../../src/core/ope/difference.ts';
import { defaultLimits } from '../../src/core/ope/limits.ts';
import type { OpeOptions } from '../../src/core/ope/ope-options.ts';
import { balancedLog, evaluatePooled } from '../../src/core/ope/pooled.ts';
import { isRefusal, type BanditEstimatorId, type OpeReport } from '../../src/core/ope/report.ts';
import { selectLogRows } from '../../src/core/ope/select-log-rows.ts';
import { ratioReduction } from '../../src/core/ope/sequential/reduction.ts';
import { versionWarnings } from '../../src/core/ope/version-health.ts';
import { sumByUnit } from '../../src/core/ope/unit-sums.ts';
import { importanceWeights } from '../../src/core/ope/weights.ts';
import {
  attachIntervals,
  isUsual,
  type BoundedSide,
  type IntervalSources,
} from './intervals/attach-intervals.ts';
import { weightedUnits } from './intervals/weighted-units.ts';
import { boundsFor, type LoadedLog } from './loaded-log.ts';
import type { Answer, GroupAnswer, PopulationAnswer } from './ope-result.ts';
import type { KnownBounds, OpeQuestion } from './question.ts';
import { banditReductions, differenceReduction, type ReducedEstimate } from './reductions.ts';

/** Estimates of decisions on the whole log, with the intervals that were asked for. */
export function answerDecisions(
  loaded: LoadedLog,
  question: OpeQuestion,
  ids: readonly BanditEstimatorId[] | null,
): PopulationAnswer {
  const options = banditOptions(loaded, question, ids);
  const pooled = evaluatePooled(loaded.log, loaded.policy, question.pooling, options);
  const report = question.pooling === 'balanced' ? withVersionWarnings(pooled, loaded, options) : pooled;
  const boundsOf = (response: string): KnownBounds => boundsFor(loaded, question, response);
  return withIntervals(report, pooledLog(loaded, question), loaded.policy, options, question, boundsOf);
}

export function banditOptions(
  { rewardModels, mrdrModels, locate }: LoadedLog,
  question: OpeQuestion,
  ids: readonly BanditEstimatorId[] | null,
): OpeOptions {
  return {
    ...question.options,
    locate,
    ...(ids === null ? {} : { estimators: ids }),
    ...(rewardModels.size === 0 ? {} : { rewardModels }),
    ...(mrdrModels.size === 0 ? {} : { mrdrModels }),
  };
}

/**
 * Balanced weights no longer know who served a row, so labels that are swapped everywhere alike would go unseen (with
 * versions of one size they even cancel); the rows of each version by themselves still tell.
 */
function withVersionWarnings(report: OpeReport, { log, policy }: LoadedLog, options: OpeOptions): OpeReport {
  if (report.estimates.every(isRefusal)) return report;
  const limits = { ...defaultLimits, ...options.limits };
  const warnings = versionWarnings(log, importanceWeights(log, policy), limits);
  const estimates = report.estimates.map((estimate) =>
    isRefusal(estimate) ? estimate : { ...estimate, warnings: [...estimate.warnings, ...warnings] },
  );
  return { ...report, estimates };
}

/** The log whose propensities the estimates used. */
function pooledLog({ log, locate }: LoadedLog, { pooling }: OpeQuestion): BanditLog {
  if (pooling !== 'balanced') return log;
  const balanced = balancedLog(log, locate);
  return 'rounds' in balanced ? balanced : log;
}

function withIntervals(
  report: OpeReport,
  log: BanditLog,
  policy: EvaluationPolicy,
  options: OpeOptions,
  question: OpeQuestion,
  boundsOf: (response: string) => KnownBounds,
): PopulationAnswer {
  if (isUsual(question.intervals)) return report;
  const sources = {
    ...sourcesOf(question),
    reductions: question.pooling === 'precision-weighted' ? [] : banditReductions(log, policy, options),
    sidesOf: sidesIn(log, [policy], boundsOf),
  };
  return { ...report, estimates: attachIntervals(report.estimates, sources) };
}

export const sourcesOf = ({
  options,
  intervals,
}: OpeQuestion): Pick<IntervalSources, 'methods' | 'level' | 'resamples' | 'seed'> => ({
  methods: intervals,
  level: options.level,
  resamples: options.resamples,
  seed: options.seed,
});

/** Bounds that see weights exist for `ips`, and for `snips` too where every weight is 1. */
function sidesIn(
  log: BanditLog,
  policies: readonly Opponent[],
  boundsOf: (response: string) => KnownBounds,
): IntervalSources['sidesOf'] {
  const weights = policies.map((policy) =>
    policy === 'behavior' ? new Float64Array(log.rounds).fill(1) : importanceWeights(log, policy),
  );
  return ({ estimator, response, clip, subset }: ReducedEstimate): readonly BoundedSide[] | null => {
    if (estimator !== 'ips' && estimator !== 'snips') return null;
    const sides = weights.map((w, i) => {
      const ownClip = policies[i] === 'behavior' ? 1 : clip;
      return {
        units: weightedUnits(log, w, response, { clip: ownClip, subset }),
        clip: ownClip,
        bounds: boundsOf(response),
      };
    });
    return estimator === 'ips' || sides.every(({ units }) => units.isUnweighted) ? sides : null;
  };
}

/** V(π) − V(opponent) for every estimator of decisions. */
export function decisionDifferences(
  loaded: LoadedLog,
  question: OpeQuestion,
  ids: readonly BanditEstimatorId[] | null,
): Answer[] {
  const { policy } = loaded;
  const log = pooledLog(loaded, question);
  const opponent: Opponent = loaded.opponent ?? 'behavior';
  const options = banditOptions(loaded, question, ids);
  const differences = pairedDifference(log, policy, opponent, options);
  if (isUsual(question.intervals)) return differences;
  const left = banditReductions(log, policy, options);
  const right = opponent === 'behavior' ? onPolicy(log, left) : banditReductions(log, opponent, options);
  return attachIntervals(differences, {
    ...sourcesOf(question),
    reductions: left.flatMap((side) => {
      const other = right.find(
        ({ response, estimator }) => response === side.response && estimator === side.estimator,
      );
      return other === undefined ? [] : [{ ...side, ...differenceReduction(side, other) }];
    }),
    sidesOf: sidesIn(log, [policy, opponent], (response) => boundsFor(loaded, question, response)),
  });
}

/** The log's own mean, on the rows of each estimate. */
function onPolicy(log: BanditLog, sides: readonly ReducedEstimate[]): ReducedEstimate[] {
  return sides.map((side) => {
    const responses = log.responses.get(side.response) ?? new Float64Array(log.rounds);
    const isIn = (i: number): boolean => side.subset === null || side.subset.includes(i);
    const sums = sumByUnit(log.units, log.unitCount, (i) => (isIn(i) ? responses[i] : 0));
    const rows = sumByUnit(log.units, log.unitCount, (i) => Number(isIn(i)));
    return { ...side, ...ratioReduction(sums, rows) };
  });
}

/** Every group and segment as a population of its own. */
export function decisionGroups(
  loaded: LoadedLog,
  question: OpeQuestion,
  ids: readonly BanditEstimatorId[] | null,
): GroupAnswer[] {
  const { log, policy, groupings, groupNames } = loaded;
  if (groupings.length === 0) return [];
  const options = banditOptions(loaded, question, ids);
  const { groups } = evaluateByGroup(log, policy, groupings, options);
  return groups.map(({ grouping, group, label, report }) => {
    const index = groupings.find(({ name }) => name === grouping)?.index ?? new Int32Array(0);
    const rows = Int32Array.from(index.keys()).filter((i) => index[i] === group);
    const part = selectLogRows(log, policy, options, rows);
    return {
      grouping,
      kind: groupNames.has(grouping) ? 'group' : 'segment',
      label,
      ...withIntervals(report, part.log, part.policy, part.options, question, (response) =>
        boundsFor(loaded, question, response),
      ),
    };
  });
}
