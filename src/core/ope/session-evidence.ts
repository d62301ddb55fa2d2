import { compensatedSum } from '../math/compensated-sum.ts';
import type { ResponseSpec } from '../surface/surface.ts';
import { percentileInterval, resampleTotals } from './bootstrap.ts';
import type { Bounds } from './gate-evidence.ts';
import { defaultLimits, type OpeLimits } from './limits.ts';
import type { Warning } from './report.ts';
import { DECISIONS, marginalTotals, ownTotals, type SessionSide } from './sequential/marginal-dr.ts';
import { isTrouble } from './sequential/sequential-estimator.ts';
import { sumSessionsByUnit, type SequentialLog } from './sequential/sequential-log.ts';
import { percent, type Trouble } from './trouble.ts';
import { eventWarnings } from './weak.ts';

/** Candidate and champion on the sessions of one log, each with ratios and values of its own. */
export interface SessionEvidence {
  /** Undiscounted: a total counts every decision alike. */
  readonly log: SequentialLog;
  readonly candidate: SessionSide;
  /** `behavior` where the champion itself produced the log. */
  readonly champion: SessionSide | 'behavior';
  readonly options: {
    readonly level: number;
    readonly resamples: number;
    readonly seed: number;
    readonly limits?: Partial<OpeLimits>;
  };
}

/** A number with its percentile bootstrap interval by unit. */
export interface SessionFigure {
  readonly value: number;
  readonly lower: number;
  readonly upper: number;
}

export interface MarginEvidence {
  /** Of (total of the candidate) − (total of the champion), per session. */
  readonly difference: SessionFigure;
  /** The same for the difference of means per decision, each in the policy's own states: total / length. */
  readonly perDecision: SessionFigure;
  /** The margin per decision, times the decisions of a session of the champion. */
  readonly margin: number;
  /** Bounds of the difference against `margin`; the error of the champion's length is in them. */
  readonly bounds: Exclude<Bounds, { readonly unknown: string }>;
}

/**
 * Is a session worth at most `margin` per decision less than one of the champion?
 *
 *   D = S(π) − S(champion) ≥ −m N(champion),   S: total of a session, N: its decisions
 *
 * m is in the response's unit per decision, as declared: a policy may lose m on each decision that a session of the champion
 * has. Bounds are those of D + m N in the same resamples, shifted by the estimate of m N.
 */
export function marginEvidence(
  evidence: SessionEvidence,
  response: string,
  margin: number,
): MarginEvidence | string {
  const { log, candidate, champion } = evidence;
  const mine = totalsOf(log, candidate, response);
  const theirs = totalsOf(log, champion, response);
  const [myLength, theirLength] = [totalsOf(log, candidate, DECISIONS), totalsOf(log, champion, DECISIONS)];
  for (const totals of [mine, theirs, myLength, theirLength]) if (isTrouble(totals)) return reasonOf(totals);
  const columns = [mine, theirs, myLength, theirLength] as Float64Array[];
  const figure = (of: Figure): SessionFigure | string => figureOf(evidence, columns, of);
  const difference = figure(([s, t, , , n]) => (s - t) / n);
  const shifted = figure(([s, t, , l, n]) => (s - t + margin * l) / n);
  const perDecision = figure(([s, t, k, l]) => s / k - t / l);
  for (const found of [difference, shifted, perDecision]) if (typeof found === 'string') return found;
  const [d, b, p] = [difference, shifted, perDecision] as SessionFigure[];
  const allowed = b.value - d.value;
  const weaknesses = weaknessesOf(evidence, response);
  const bounds = { lower: b.lower - allowed, upper: b.upper - allowed, weaknesses };
  return { difference: d, perDecision: p, margin: allowed, bounds };
}

/**
 * A rate per decision in the candidate's own states: total of the response over decisions, both of a session, the ratio
 * recomputed in each resample.
 */
export function rateBounds(evidence: SessionEvidence, response: ResponseSpec): Bounds {
  const { log, candidate } = evidence;
  const [total, length] = [response.name, DECISIONS].map((name) => totalsOf(log, candidate, name));
  if (isTrouble(total)) return { unknown: reasonOf(total) };
  if (isTrouble(length)) return { unknown: reasonOf(length) };
  const rate = figureOf(evidence, [total, length], ([r, n]) => r / n);
  if (typeof rate === 'string') return { unknown: rate };
  return { lower: rate.lower, upper: rate.upper, weaknesses: weaknessesOf(evidence, response.name) };
}

/** The total of a session of one side. */
export function sessionValue(
  evidence: SessionEvidence,
  side: SessionSide | 'behavior',
  response: string,
): SessionFigure | string {
  const totals = totalsOf(evidence.log, side, response);
  return isTrouble(totals) ? reasonOf(totals) : figureOf(evidence, [totals], ([s, n]) => s / n);
}

/** A function of the totals of the columns, and of the number of sessions after them. */
type Figure = (totals: readonly number[]) => number;

function figureOf(
  evidence: SessionEvidence,
  columns: readonly Float64Array[],
  of: Figure,
): SessionFigure | string {
  const { log, options } = evidence;
  const all = [...columns, sumSessionsByUnit(log, () => 1)];
  const value = of(all.map(compensatedSum));
  const { resamples, totals } = resampleTotals(all, options);
  const resampled = Float64Array.from({ length: resamples }, (_, b) =>
    of(all.map((_c, j) => totals[j * resamples + b])),
  );
  const interval = percentileInterval(resampled, options.level);
  if (interval === null || !Number.isFinite(value)) return 'there is no bootstrap interval';
  return { value, lower: interval.lower, upper: interval.upper };
}

const totalsOf = (
  log: SequentialLog,
  side: SessionSide | 'behavior',
  response: string,
): Float64Array | Trouble =>
  side === 'behavior' ? ownTotals(log, response) : marginalTotals(log, side, response);

const reasonOf = ({ code, reason }: Trouble): string => `${code}: ${reason}`;

/** More sessions than this that go on after their last row, and their totals say too little. */
const MOST_CUT_OFF = 0.05;

function weaknessesOf({ log, candidate, options }: SessionEvidence, response: string): Warning[] {
  const limits = { ...defaultLimits, ...options.limits };
  const events = eventWarnings(
    log,
    candidate.policy,
    log.responses.get(response) ?? new Float64Array(0),
    limits,
  );
  const cutOff = (log.isCutOff ?? new Uint8Array(0)).reduce((sum, flag) => sum + flag, 0) / log.sessionCount;
  if (cutOff <= MOST_CUT_OFF) return events;
  const reason = `${percent(cutOff)} of the sessions are cut off: what came after their last row is not in the totals (weak above ${percent(MOST_CUT_OFF)})`;
  return [...events, { code: 'sessions_cut_off', reason }];
}
