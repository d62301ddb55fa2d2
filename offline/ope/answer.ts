import { compensatedSum } from '../../src/core/math/compensated-sum.ts';
import { standardError } from '../../src/core/ope/delta-method.ts';
import { changedLimits, defaultLimits } from '../../src/core/ope/limits.ts';
import { isRefusal, type EstimatorId } from '../../src/core/ope/report.ts';
import { ratioReduction } from '../../src/core/ope/sequential/reduction.ts';
import { sumByUnit } from '../../src/core/ope/unit-sums.ts';
import type { MeanResponse } from '../evaluation/evaluation-result.ts';
import { answerDecisions, decisionDifferences, decisionGroups } from './bandit-answer.ts';
import { distributionAnswers } from './distribution-answer.ts';
import { plans, selfTests } from './extras.ts';
import type { LoadedLog } from './loaded-log.ts';
import type { Answer, GroupAnswer, OpeResult, OpeSettings, PopulationAnswer } from './ope-result.ts';
import { isBandit, isSequential, type OpeQuestion } from './question.ts';
import { influencesOf } from './reductions.ts';
import { answerSessions, sessionDifferences } from './session-answer.ts';
import { sessionGroups } from './session-groups.ts';

/**
 * Everything that was asked of a log, in one pass over its responses: estimates overall, by group and by segment, paired
 * differences, the response's distribution. Estimators of decisions and of sessions may be asked together; each keeps its
 * estimand, and estimates of different estimands are never compared.
 */
export function askLog(loaded: LoadedLog, question: OpeQuestion): OpeResult {
  const asked = askedOf(loaded, question);
  const overall = population(loaded, question, asked);
  const groups = [
    ...(asked.decisions === undefined ? [] : decisionGroups(loaded, question, asked.decisions)),
    ...(asked.sessions === undefined ? [] : sessionGroups(loaded, question, asked.sessions)),
  ];
  const { opponentName: against } = loaded;
  const result: OpeResult = {
    ...overall,
    // Where nothing may be answered no number stands that could be mistaken for an answer.
    ...(overall.estimates.every(isRefusal) ? {} : { behavior: meansOf(loaded) }),
    ...(against === null
      ? {}
      : { differences: { against, estimates: differences(loaded, question, asked) } }),
    ...(groups.length === 0 ? {} : { groups: mergedGroups(groups) }),
    ...(question.statistics.length === 0 ? {} : { distribution: distributionAnswers(loaded, question) }),
    ...(question.selfTest === undefined ? {} : { selfTest: selfTests(loaded, question, question.selfTest) }),
    ...(question.plan === undefined ? {} : { plan: plans(loaded, question, question.plan) }),
    source: loaded.source,
    settings: settingsOf(question),
  };
  return sayChangedLimits(result);
}

/** Which estimators of either kind to ask; undefined: none, null: the usual ones. */
interface Asked {
  readonly decisions: ReturnType<typeof decisionsIn> | null | undefined;
  readonly sessions: ReturnType<typeof sessionsIn> | null | undefined;
}
const decisionsIn = (ids: readonly EstimatorId[]) => ids.filter(isBandit);
const sessionsIn = (ids: readonly EstimatorId[]) => ids.filter(isSequential);

function askedOf({ sessions }: LoadedLog, { estimators }: OpeQuestion): Asked {
  if (estimators === null) {
    return sessions === null
      ? { decisions: null, sessions: undefined }
      : { decisions: undefined, sessions: null };
  }
  const [decisions, ofSessions] = [decisionsIn(estimators), sessionsIn(estimators)];
  return {
    decisions: decisions.length === 0 ? undefined : decisions,
    sessions: ofSessions.length === 0 ? undefined : ofSessions,
  };
}

function population(loaded: LoadedLog, question: OpeQuestion, asked: Asked): PopulationAnswer {
  const decisions = asked.decisions === undefined ? null : answerDecisions(loaded, question, asked.decisions);
  const { sessions: rows } = loaded;
  const sessions =
    asked.sessions === undefined || rows === null
      ? null
      : answerSessions(loaded, rows, question, asked.sessions);
  if (sessions === null || decisions === null) return (sessions ?? decisions) as PopulationAnswer;
  return { ...sessions, estimates: byResponse(loaded, [decisions.estimates, sessions.estimates]) };
}

function differences(loaded: LoadedLog, question: OpeQuestion, asked: Asked): Answer[] {
  const { sessions: rows } = loaded;
  return byResponse(loaded, [
    asked.decisions === undefined ? [] : decisionDifferences(loaded, question, asked.decisions),
    asked.sessions === undefined || rows === null
      ? []
      : sessionDifferences(loaded, rows, question, asked.sessions),
  ]);
}

/** Response by response, decisions before sessions. */
const byResponse = ({ log }: LoadedLog, parts: readonly (readonly Answer[])[]): Answer[] =>
  [...log.responses.keys()].flatMap((name) =>
    parts.flatMap((part) => part.filter(({ response }) => response === name)),
  );

/** One entry per group, whichever kinds of estimators were asked. */
function mergedGroups(groups: readonly GroupAnswer[]): GroupAnswer[] {
  const merged = new Map<string, GroupAnswer>();
  for (const group of groups) {
    const key = JSON.stringify([group.grouping, group.label]);
    const known = merged.get(key);
    merged.set(
      key,
      known === undefined ? group : { ...group, estimates: [...known.estimates, ...group.estimates] },
    );
  }
  return [...merged.values()];
}

/** r̄ with its standard error by unit; a response that is not finite has no mean. */
function meansOf({ log }: LoadedLog): MeanResponse[] {
  const rows = sumByUnit(log.units, log.unitCount, () => 1);
  return [...log.responses].flatMap(([response, values]) => {
    if (log.rounds === 0 || !values.every(Number.isFinite)) return [];
    const sums = sumByUnit(log.units, log.unitCount, (i) => values[i]);
    const error = standardError(influencesOf(ratioReduction(sums, rows)));
    return [{ response, value: compensatedSum(sums) / log.rounds, standardError: error, rows: log.rounds }];
  });
}

function settingsOf({ options, pooling, session, bounds, rewardRanges }: OpeQuestion): OpeSettings {
  const { level, resamples, seed, limits } = options;
  const { clip, switchThreshold, drosLambda, subGaussianLambda, tuning } = options;
  const given = {
    clip,
    switchThreshold,
    drosLambda,
    subGaussianLambda,
    tuning,
    rewardRanges: rewardRanges.size === 0 ? undefined : Object.fromEntries(rewardRanges),
    ...bounds,
    pooling: pooling === 'naive' ? undefined : pooling,
    discount: session.discount === 1 ? undefined : session.discount,
  };
  return {
    level,
    resamples,
    seed,
    changedLimits: changedLimits({ ...defaultLimits, ...limits }),
    ...(Object.fromEntries(
      Object.entries(given).filter(([, value]) => value !== undefined),
    ) as Partial<OpeSettings>),
  };
}

/** A number that rests on loosened limits says so itself, wherever it is copied to. */
function sayChangedLimits(result: OpeResult): OpeResult {
  const changed = Object.entries(result.settings.changedLimits).map(([name, value]) => `${name} = ${value}`);
  if (changed.length === 0) return result;
  const warning = { code: 'limits_changed', reason: `limits were changed by flags: ${changed.join(', ')}` };
  const say = (estimates: readonly Answer[]): Answer[] =>
    estimates.map((e) => (isRefusal(e) ? e : { ...e, warnings: [...e.warnings, warning] }));
  const { differences: compared, groups } = result;
  return {
    ...result,
    estimates: say(result.estimates),
    ...(compared === undefined ? {} : { differences: { ...compared, estimates: say(compared.estimates) } }),
    ...(groups === undefined
      ? {}
      : { groups: groups.map((group) => ({ ...group, estimates: say(group.estimates) })) }),
  };
}
