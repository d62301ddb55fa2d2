import { percentileInterval, resampleTotals, type ResampledTotals } from '../../../src/core/ope/bootstrap.ts';
import { influencesByUnit, normalInterval, standardError } from '../../../src/core/ope/delta-method.ts';
import { ratio } from '../../../src/core/ope/estimator.ts';
import { compensatedSum } from '../../../src/core/math/compensated-sum.ts';
import { bcaInterval, jackknifeValues } from '../../../src/core/ope/intervals/bca.ts';
import { clopperPearsonOf } from '../../../src/core/ope/intervals/clopper-pearson.ts';
import { cressieReadSums } from '../../../src/core/ope/intervals/cressie-read-sums.ts';
import { cressieRead } from '../../../src/core/ope/intervals/cressie-read.ts';
import { differenceOfBounds } from '../../../src/core/ope/intervals/difference-of-bounds.ts';
import { empiricalBernstein } from '../../../src/core/ope/intervals/empirical-bernstein.ts';
import { gaussian } from '../../../src/core/ope/intervals/gaussian.ts';
import { hcope } from '../../../src/core/ope/intervals/hcope.ts';
import { hoeffding } from '../../../src/core/ope/intervals/hoeffding.ts';
import { isIntervalRefusal, type IntervalResult } from '../../../src/core/ope/intervals/interval-result.ts';
import { responseInterval, type LowerBoundOfMean } from '../../../src/core/ope/intervals/response-bounds.ts';
import { studentT } from '../../../src/core/ope/intervals/student-t.ts';
import { perDecisionContributions } from '../../../src/core/ope/intervals/support.ts';
import type { RegimeFacts, Truth, UnitSample } from './unit-sample.ts';

export const LEVEL = 0.95;
/** As `allot ope` unless told. */
const RESAMPLES = 1000;

export interface Judged {
  readonly sample: UnitSample;
  readonly facts: RegimeFacts;
  readonly seed: number;
  /** Totals of `resampledColumns`, one set of resamples for all. */
  readonly resampled: ResampledTotals;
}

export interface Method {
  readonly name: string;
  readonly kind: 'finite-sample' | 'asymptotic';
  /** In benign regimes: its level within binomial error, at least its level, or nothing. */
  readonly claim: 'level' | 'at-least' | 'none';
  /** Which truth it should hold. */
  readonly target: (truth: Truth) => number;
  /** null where it does not apply. */
  readonly of: (judged: Judged) => IntervalResult | null;
}

type Pair = readonly [numerator: keyof UnitSample, denominator: keyof UnitSample];
const resampledColumns: readonly (keyof UnitSample)[] = [
  'weighted',
  'weights',
  'rows',
  'plain',
  'clippedWeighted',
  'clippedWeights',
  'doublyRobust',
];

export function judge(sample: UnitSample, facts: RegimeFacts, seed: number): Judged {
  const columns = resampledColumns.map((name) => sample[name]);
  return { sample, facts, seed, resampled: resampleTotals(columns, { resamples: RESAMPLES, seed }) };
}

function resampledRatio({ resampled }: Judged, [numerator, denominator]: Pair): Float64Array {
  const { totals, resamples } = resampled;
  const [n, d] = [numerator, denominator].map((name) => resampledColumns.indexOf(name) * resamples);
  return Float64Array.from({ length: resamples }, (_, b) => totals[n + b] / totals[d + b]);
}

const refused: IntervalResult | null = null;

const percentile = (judged: Judged, pair: Pair) =>
  percentileInterval(resampledRatio(judged, pair), LEVEL) ?? refused;

function bca(judged: Judged, [numerator, denominator]: Pair): IntervalResult {
  const columns = [judged.sample[numerator], judged.sample[denominator]];
  const value = compensatedSum(columns[0]) / compensatedSum(columns[1]);
  const resampled = resampledRatio(judged, [numerator, denominator]);
  return bcaInterval(
    { value, resampled, jackknife: jackknifeValues(columns, ratio.value) },
    { level: LEVEL },
  );
}

/** ψ of N/D by unit. */
function influence({ sample }: Judged, [numerator, denominator]: Pair): Float64Array {
  const columns = [sample[numerator], sample[denominator]];
  return influencesByUnit(columns, ratio.gradient(columns.map(compensatedSum)));
}

const valueOf = ({ sample }: Judged, [n, d]: Pair): number =>
  compensatedSum(sample[n]) / compensatedSum(sample[d]);

const delta = (judged: Judged, pair: Pair) =>
  normalInterval(valueOf(judged, pair), standardError(influence(judged, pair)), LEVEL);

const IPS: Pair = ['weighted', 'rows'];
const SNIPS: Pair = ['weighted', 'weights'];
const DR: Pair = ['doublyRobust', 'rows'];
const BEHAVIOR: Pair = ['plain', 'rows'];
const CLIPPED: Pair = ['clippedWeighted', 'rows'];

const value = (truth: Truth): number => truth.value;
const difference = (truth: Truth): number => truth.value - truth.behavior;

function pairedPercentile(judged: Judged, pair: Pair) {
  const mine = resampledRatio(judged, pair);
  const theirs = resampledRatio(judged, BEHAVIOR);
  return percentileInterval(
    mine.map((v, b) => v - theirs[b]),
    LEVEL,
  );
}

function pairedDelta(judged: Judged, pair: Pair) {
  const other = influence(judged, BEHAVIOR);
  const psi = influence(judged, pair).map((v, k) => v - other[k]);
  return normalInterval(valueOf(judged, pair) - valueOf(judged, BEHAVIOR), standardError(psi), LEVEL);
}

/** max − LCB(clipped IPS of max − r): the gate's upper bound of a cost, one-sided at α/2. */
function gateCostBound(judged: Judged): IntervalResult | null {
  const { totals, resamples } = judged.resampled;
  const at = (name: keyof UnitSample): number => resampledColumns.indexOf(name) * resamples;
  const [r, w, n] = [at('clippedWeighted'), at('clippedWeights'), at('rows')];
  const { max } = judged.facts.responses;
  const below = Float64Array.from(
    { length: resamples },
    (_, b) => (max * totals[w + b] - totals[r + b]) / totals[n + b],
  );
  const interval = percentileInterval(below, LEVEL);
  return interval === null ? null : { ...interval, lower: -Infinity, upper: max - interval.lower };
}

/** Rows that finite bounds divide by: as logged where they are given, else the most there can be. */
const rowsOf = ({ sample, facts }: Judged): Float64Array =>
  facts.hasReactiveRows ? new Float64Array(facts.units).fill(facts.mostRowsPerUnit) : sample.rows;

const contributionBound = ({ facts }: Judged, largestWeight: number) => ({
  largestWeight,
  response: facts.responses,
  mostRowsPerUnit: facts.mostRowsPerUnit,
});

const contributions = (judged: Judged) =>
  perDecisionContributions(
    judged.sample.weighted,
    rowsOf(judged),
    contributionBound(judged, judged.facts.largestWeight),
  );

const total = (truth: Truth): number => truth.total;
const totalDifference = (truth: Truth): number => truth.total - truth.behaviorTotal;

const bernsteinBound: LowerBoundOfMean = ({ values, support }, tail) =>
  empiricalBernstein(values, { level: 1 - tail, sides: 'lower', support });

const hcopeBound =
  (seed: number): LowerBoundOfMean =>
  ({ values, support }, tail) =>
    hcope(values, { level: 1 - tail, sides: 'lower', support, seed });

function clippedBounds(
  judged: Judged,
  boundOf: LowerBoundOfMean,
  level = LEVEL,
  sides?: 'upper',
): IntervalResult {
  const { sample, facts } = judged;
  const sums = {
    weightedResponses: sample.clippedWeighted,
    weights: sample.clippedWeights,
    rows: rowsOf(judged),
  };
  return responseInterval(sums, contributionBound(judged, facts.clip), boundOf, {
    method: 'response-bounds',
    level,
    ...(sides === undefined ? {} : { sides }),
  });
}

/** Bounds of the log's own mean, with weights of 1. */
function behaviorBounds(judged: Judged, level: number): IntervalResult {
  const { values, support } = perDecisionContributions(
    judged.sample.plain,
    rowsOf(judged),
    contributionBound(judged, 1),
  );
  return empiricalBernstein(values, { level, support });
}

/** Empirical Bernstein of the units' paired differences Σ (w − 1) r, with their known support. */
function pairedBernstein(judged: Judged): IntervalResult {
  const { sample, facts } = judged;
  const rows = rowsOf(judged);
  const scale = facts.units / compensatedSum(rows);
  const reach = scale * facts.mostRowsPerUnit * facts.responses.max;
  const support = { min: -reach, max: reach * (facts.largestWeight - 1) };
  const values = sample.weighted.map((wr, k) => scale * (wr - sample.plain[k]));
  return empiricalBernstein(values, { level: LEVEL, support });
}

/** Units of one row are independent rows; others enter as w = W/m, r = Σ w r / Σ w. */
function cressie({ sample, facts }: Judged): IntervalResult | null {
  const isEqual = sample.rows.every((n) => n === sample.rows[0]);
  if (!isEqual) return null;
  const weights = sample.weights.map((w, k) => w / sample.rows[k]);
  const responses = sample.weighted.map((wr, k) => (sample.weights[k] === 0 ? 0 : wr / sample.weights[k]));
  return cressieRead(cressieReadSums(weights, responses), {
    level: LEVEL,
    weights: { min: 0, max: facts.largestWeight },
    responses: facts.responses,
  });
}

const asymptotic = (
  name: string,
  target: Method['target'],
  of: Method['of'],
  claim: Method['claim'] = 'level',
): Method => ({ name, kind: 'asymptotic', claim, target, of });
const finite = (name: string, target: Method['target'], of: Method['of']): Method => ({
  name,
  kind: 'finite-sample',
  claim: 'at-least',
  target,
  of,
});

export const methods: readonly Method[] = [
  asymptotic('bootstrap-percentile, ips', value, (j) => percentile(j, IPS)),
  asymptotic('bootstrap-percentile, snips', value, (j) => percentile(j, SNIPS)),
  asymptotic('bootstrap-percentile, dr', value, (j) => percentile(j, DR)),
  asymptotic('bootstrap-bca, ips', value, (j) => bca(j, IPS)),
  asymptotic('bootstrap-bca, snips', value, (j) => bca(j, SNIPS)),
  asymptotic('delta-normal, ips', value, (j) => delta(j, IPS)),
  asymptotic('delta-normal, snips', value, (j) => delta(j, SNIPS)),
  asymptotic('delta-normal, dr', value, (j) => delta(j, DR)),
  asymptotic('gaussian, unit totals', total, (j) => gaussian(contributions(j).values, { level: LEVEL })),
  asymptotic('student-t, unit totals', total, (j) => studentT(contributions(j).values, { level: LEVEL })),
  asymptotic('cressie-read', value, cressie, 'at-least'),
  asymptotic(
    'clipped ips, percentile: its own target',
    (t) => t.clipped,
    (j) => percentile(j, CLIPPED),
  ),
  asymptotic('clipped ips, percentile: the true value', value, (j) => percentile(j, CLIPPED), 'none'),
  asymptotic('gate: cost upper bound (clipped ips)', value, gateCostBound, 'at-least'),
  asymptotic('paired difference, percentile, ips', difference, (j) => pairedPercentile(j, IPS)),
  asymptotic('paired difference, percentile, snips', difference, (j) => pairedPercentile(j, SNIPS)),
  asymptotic('paired difference, delta-normal, snips', difference, (j) => pairedDelta(j, SNIPS)),
  finite('hoeffding', total, (j) => hoeffding(...withSupport(j))),
  finite('empirical-bernstein', total, (j) => empiricalBernstein(...withSupport(j))),
  finite('hcope', total, (j) => hcope(contributions(j).values, { ...withSupport(j)[1], seed: j.seed })),
  finite(
    'clopper-pearson (the log’s own rate)',
    (t) => t.behavior,
    ({ sample, facts }) =>
      facts.isBinary && facts.mostRowsPerUnit === 1 ? clopperPearsonOf(sample.plain, { level: LEVEL }) : null,
  ),
  finite('response bounds, clipped, empirical-bernstein', total, (j) => clippedBounds(j, bernsteinBound)),
  finite('cost upper bound, clipped, empirical-bernstein', total, (j) =>
    clippedBounds(j, bernsteinBound, LEVEL, 'upper'),
  ),
  finite('cost upper bound, clipped, hcope', total, (j) =>
    clippedBounds(j, hcopeBound(j.seed), LEVEL, 'upper'),
  ),
  finite('paired difference, empirical-bernstein', totalDifference, pairedBernstein),
  finite('paired difference of clipped bounds', totalDifference, (j) =>
    differenceOfBounds(
      (tail) => clippedBounds(j, bernsteinBound, 1 - 2 * tail),
      (tail) => behaviorBounds(j, 1 - 2 * tail),
      { method: 'difference-of-bounds', level: LEVEL },
    ),
  ),
];

function withSupport(judged: Judged) {
  const { values, support } = contributions(judged);
  return [values, { level: LEVEL, support }] as const;
}

/** Whether the truth lies outside; a refusal makes no claim. */
export function misses(method: Method, judged: Judged): boolean | null {
  const interval = method.of(judged);
  if (interval === null || isIntervalRefusal(interval)) return null;
  const truth = method.target(judged.facts.truth);
  const slack = 1e-12 * Math.abs(truth);
  return truth < interval.lower - slack || truth > interval.upper + slack;
}
