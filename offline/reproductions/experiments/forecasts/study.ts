import { calibrate } from '../../../../src/core/experiment/forecast-calibration.ts';
import {
  combinedSquares,
  mergeMoments,
  momentsOfUnit,
  noMoments,
  type Moments,
} from '../../../../src/core/experiment/statistics/moments.ts';
import {
  selectionMetrics,
  type SelectionMetrics,
} from '../../../../src/core/ope/selection/selection-metrics.ts';
import { normalQuantile } from '../../../../src/core/math/normal.ts';
import { createRandom, type Random } from '../../../../src/core/math/random.ts';
import { behaviorPolicy, simulateLog, type SimulatedDecision } from '../../../../src/simulation/log.ts';
import type { LivePolicy } from '../../../../src/simulation/policies.ts';
import { trueValues } from '../../../../src/simulation/true-value.ts';
import { defaultFeedWorld as world } from '../../../../src/simulation/world.ts';
import type { StudyRun } from '../../study-run.ts';
import type { StudyTable } from '../../study-table.ts';
import { isTooMany } from '../../coverage/binomial.ts';
import { sharedOf } from '../counted.ts';

const RESPONSE = 'watch_seconds';
const LEVEL = 0.95;
const PER_LOG = 5;

interface Judged {
  readonly log: number;
  readonly offline: { readonly value: number; readonly lower: number };
  readonly online: number;
  readonly isSelected: boolean;
  readonly difference: number;
  readonly isCovered: boolean;
  readonly standardError: number;
}

/**
 * Are forecasts calibrated? Versions are judged offline against the champion on its own log (SNIPS, error by unit), the best of
 * each log by its lower bound is selected, and all of them are then measured online on fresh units, by the same estimand.
 */
export async function forecasts({ repetitions, isShort, seed, progress }: StudyRun): Promise<StudyTable[]> {
  const logs = repetitions ?? (isShort ? 6 : 40);
  const units = isShort ? 300 : 2000;
  progress.step(`forecasting ${String(logs * PER_LOG)} versions`, logs);
  const judged: Judged[] = [];
  for (let k = 0; k < logs; k++) {
    const random = createRandom(seed).fork(`log ${String(k)}`);
    judged.push(...judgeLog(random, 1000 * seed + k, units).map((one) => ({ ...one, log: k })));
    progress.advance();
    await new Promise((resolve) => setImmediate(resolve));
  }
  progress.done();
  return [tableOf(judged, logs, units), selectionTable(judged, logs)];
}

function judgeLog(random: Random, seed: number, units: number): readonly Omit<Judged, 'log'>[] {
  const log = simulateLog(world, { units, seed });
  const champion = online(behaviorPolicy(world), random.fork('champion'), units);
  const candidates = Array.from({ length: PER_LOG }, (_, i) => {
    const policy = candidate(random.fork(`policy ${String(i)}`));
    const on = online(policy, random.fork(`online ${String(i)}`), units);
    return {
      offline: offlineDifference(log, policy),
      online: {
        value: on.value - champion.value,
        standardError: Math.hypot(on.standardError, champion.standardError),
      },
    };
  });
  const best = candidates.reduce((a, b) => (b.offline.lower > a.offline.lower ? b : a));
  return candidates.map((one) => {
    const z = normalQuantile((1 + LEVEL) / 2) * one.online.standardError;
    const measured = { ...one.online, lower: one.online.value - z, upper: one.online.value + z };
    const { difference, isCovered } = calibrate({ offline: one.offline, online: measured }, LEVEL);
    const standardError = Math.hypot(one.offline.standardError, one.online.standardError);
    const { offline } = one;
    return {
      offline,
      online: one.online.value,
      isSelected: one === best,
      difference,
      isCovered,
      standardError,
    };
  });
}

/** A logistic policy around the behaviour's, never far enough to lose its support. */
function candidate(random: Random): LivePolicy {
  const [bias, score, affinity] = [-0.5 + random.normal(), random.normal(), random.normal()];
  return (features) => {
    const x = bias + score * Number(features['candidateScore']) + affinity * Number(features['liveAffinity']);
    return 0.05 + 0.9 / (1 + Math.exp(-x));
  };
}

function online(policy: LivePolicy, random: Random, units: number) {
  const value = trueValues(world, policy, { units, random }).get(RESPONSE);
  if (value === undefined) throw new Error(`the world has no ${RESPONSE}`);
  return value;
}

/** SNIPS of the candidate minus the log's own mean; both are ratios of unit sums, so one linearisation gives the error. */
function offlineDifference(log: readonly SimulatedDecision[], policy: LivePolicy) {
  const byUnit = new Map<string, [number, number, number, number]>();
  for (const row of log) {
    if (!row.isComplete) continue;
    const r = row.responses[RESPONSE] ?? 0;
    const live = row.eligible[1] ? policy(row.features) : 0;
    const w = (row.action === 0 ? 1 - live : live / (row.probabilities.length - 1)) / row.propensity;
    const sums = byUnit.get(row.unitId) ?? [0, 0, 0, 0];
    byUnit.set(row.unitId, [sums[0] + w * r, sums[1] + w, sums[2] + r, sums[3] + 1]);
  }
  const moments = [...byUnit.values()].map(momentsOfUnit).reduce<Moments>(mergeMoments, noMoments(4));
  const [wr, w, r, n] = moments.mean;
  const value = wr / w - r / n;
  const gradient = [1 / w, -wr / (w * w), -1 / n, r / (n * n)];
  const variance = combinedSquares(moments, gradient) / (moments.units * (moments.units - 1));
  const standardError = Math.sqrt(variance);
  const z = normalQuantile((1 + LEVEL) / 2) * standardError;
  return { value, standardError, lower: value - z, upper: value + z };
}

function tableOf(judged: readonly Judged[], logs: number, units: number): StudyTable {
  const groups = {
    'not selected': judged.filter((one) => !one.isSelected),
    selected: judged.filter((one) => one.isSelected),
    all: judged,
  };
  const free = groups['not selected'];
  return {
    title: 'Forecasts against measurements',
    notes: [
      `${String(judged.length)} versions, ${String(PER_LOG)} judged on each of ${String(logs)} logs of ${String(units)} units (SNIPS against the champion, ` +
        `error by unit); each measured on ${String(units)} fresh units per arm. Selected: the best of each log by its lower bound. Estimand: per ` +
        `decision, ${RESPONSE}.`,
      'Covered: |offline − online| ≤ z √(se² + se²) at 95 %, with the 95 % interval of that share (Clopper–Pearson). Drift: mean of (offline − online) over ' +
        'its error; above 0 the forecast promised too much.',
      'The world has sessions, so that a policy changes which states it meets; the per-decision forecast leaves that out (first order).',
    ],
    header: ['versions', 'measured', 'covered', 'drift'],
    rows: Object.entries(groups).map(([name, rows]) => [
      name,
      String(rows.length),
      `${String(coveredOf(rows))} = ${sharedOf(coveredOf(rows), rows.length)}`,
      driftOf(rows).toFixed(2),
    ]),
    claims: [
      {
        claim: 'versions that were not selected are covered at 95 %, within binomial error',
        holds: !isTooMany(free.length - coveredOf(free), free.length, 1 - LEVEL, 0.01),
      },
      {
        claim: 'those that were selected promised more than those that were not (winner’s curse)',
        holds: driftOf(groups.selected) > driftOf(free),
      },
    ],
  };
}

/** Selection metrics of each log's versions, averaged over the logs; values are differences to the champion, which is worth 0. */
function selectionTable(judged: readonly Judged[], logs: number): StudyTable {
  const ks = Array.from({ length: PER_LOG }, (_, i) => i + 1);
  const byLog = Array.from({ length: logs }, (_, k) => {
    const candidates = judged
      .filter(({ log }) => log === k)
      .map(({ offline, online }, i) => ({
        name: `${String(k)}.${String(i)}`,
        estimate: offline.value,
        bound: offline.lower,
        truth: online,
      }));
    return selectionMetrics(candidates, { behavior: 0, threshold: 0, ks });
  });
  const over = (pick: (of: SelectionMetrics) => number): number => {
    const known = byLog.map(pick).filter((x) => Number.isFinite(x));
    return known.reduce((sum, x) => sum + x, 0) / known.length;
  };
  const correlation = over(({ rankCorrelation }) => rankCorrelation);
  const best = over(({ portfolios }) => portfolios[PER_LOG - 1].best);
  return {
    title: 'Selection by forecast',
    notes: [
      `Means over the ${String(logs)} logs, ${String(PER_LOG)} versions each; differences to the champion per decision, as measured. The best of five is worth ${best.toFixed(3)}.`,
      `Rank correlation (Spearman) ${correlation.toFixed(2)}. Worse than the champion and let through by the lower bound: ${percentOf(over((one) => one.typeIIErrorRate))}; better and held back: ${percentOf(over((one) => one.typeIErrorRate))}.`,
    ],
    header: ['k', 'regret@k', 'SharpeRatio@k', 'worse than the champion'],
    rows: ks.map((k) => [
      String(k),
      over(({ portfolios }) => portfolios[k - 1].regret).toFixed(3),
      over(({ portfolios }) => portfolios[k - 1].sharpeRatio).toFixed(2),
      percentOf(over(({ portfolios }) => portfolios[k - 1].safetyViolationRate)),
    ]),
    claims: [
      { claim: 'forecasts order versions as measurements do, more often than not', holds: correlation > 0 },
      {
        claim: 'the best by forecast is worth more than a version taken at random',
        holds:
          over(({ portfolios }) => portfolios[0].best) >
          over(({ portfolios }) => portfolios[PER_LOG - 1].mean),
      },
    ],
  };
}

const percentOf = (share: number): string => `${(100 * share).toFixed(1)} %`;

const coveredOf = (judged: readonly Judged[]): number => judged.filter(({ isCovered }) => isCovered).length;

const driftOf = (judged: readonly Judged[]): number =>
  judged.reduce((sum, one) => sum + one.difference / one.standardError, 0) / judged.length;
