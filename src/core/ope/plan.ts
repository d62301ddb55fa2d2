import { invariant } from '../check.ts';
import { compensatedSum } from '../math/compensated-sum.ts';
import { normalQuantile } from '../math/normal.ts';
import { isForcedRow, type BanditLog, type EvaluationPolicy } from './bandit-log.ts';
import { influencesByUnit, standardError } from './delta-method.ts';
import { ratio } from './estimator.ts';
import { examine } from './examination.ts';
import type { OpeLimits } from './limits.ts';
import { shortNumber, type Trouble } from './trouble.ts';
import { sumByUnit } from './unit-sums.ts';

type DistributionPolicy = EvaluationPolicy & { readonly kind: 'distribution' };

export interface PlanInput {
  readonly log: BanditLog;
  /** π, to be valued. */
  readonly policy: DistributionPolicy;
  /**
   * b, what would be served without a floor: usually the champion before its floor. Left out: the logged distribution, so
   * that ε comes on top of the floor that was logged.
   */
  readonly behavior?: DistributionPolicy;
  /** Wanted full width of the interval, in the response's unit, > 0. */
  readonly width: number;
  /** Of the interval, in (0, 1). */
  readonly level: number;
  /** ε ∈ [0, 1] of p_ε = (1 − ε) b + ε · uniform over the feasible actions. */
  readonly floors: readonly number[];
  /** The first one of the log unless told. */
  readonly response?: string;
  readonly limits?: Partial<OpeLimits>;
}

export interface PlanLine {
  readonly floor: number;
  /** Standard deviation of one unit's contribution to the estimate, per decision; null: π has no support at this floor. */
  readonly deviationOfUnit: number | null;
  /** What a new log needs by itself. */
  readonly decisions: number | null;
  readonly units: number | null;
  /** What is needed on top of the given log, both weighted by precision. */
  readonly moreDecisions: number | null;
  /** V(b) − V(p_ε) per decision, with its standard error; below 0 exploring gains. */
  readonly lossPerDecision: number;
  readonly lossError: number;
  /** lossPerDecision · moreDecisions. */
  readonly totalLoss: number | null;
}

export interface PlanReport {
  readonly response: string;
  readonly width: number;
  readonly level: number;
  /** Width of the normal interval of SNIPS that the log gives today. */
  readonly currentWidth: number;
  readonly lines: readonly PlanLine[];
  /** The line that loses least; null: none reaches the width. */
  readonly best: PlanLine | null;
  readonly sentence: string;
}

export interface PlanRefusal {
  readonly response: string;
  readonly refusal: Trouble;
}

export const isPlanRefusal = (result: PlanReport | PlanRefusal): result is PlanRefusal => 'refusal' in result;

/**
 * How many more decisions, at which exploration floor, narrow the interval of π's value (SNIPS) to a wanted width, and what
 * they cost. Under a new logging policy p_ε only the second moment of the weighted term changes, and the log can value it:
 *
 *   σ²(ε) = (1/K) Σₖ [ (Σ_{i∈k} wᵢ zᵢ)² + Σ_{i∈k} wᵢ (π(aᵢ∣xᵢ)/p_ε(aᵢ∣xᵢ) − wᵢ) zᵢ² ],   zᵢ = rᵢ − V̂(π)
 *   units = (2 z_{1−α/2} σ(ε) / (m width))²,   m decisions per unit,   loss(ε) = ε (V̂(b) − V̂(uniform))
 *
 * The cross terms of a unit's rows do not depend on ε (each is an expectation under π). First-order: states as logged, the
 * same mix of units, a normal interval. Noisy where few rows carry w² z²: look at the effective sample size; and floors far
 * below the logged one extrapolate. Feasible actions: those with a chance in the row (where only propensities are logged:
 * those that the log ever shows).
 *
 * Refused where the log is unusable for π, or for b and the uniform policy that the loss is measured with.
 */
export function plan(input: PlanInput): PlanReport | PlanRefusal {
  const { log, policy, width, level, floors } = input;
  const response = input.response ?? [...log.responses.keys()][0] ?? '';
  invariant(width > 0 && level > 0 && level < 1, 'a width > 0 and a level in (0, 1)');
  invariant(
    floors.every((floor) => floor >= 0 && floor <= 1),
    'floors in [0, 1]',
  );
  const uniform = uniformPolicy(log, policy.actionCount);
  const behavior = input.behavior ?? loggedPolicy(log, policy.actionCount);
  const trouble =
    behavior === null ? distributionNeeded : firstTrouble(input, [policy, behavior, uniform], response);
  if (trouble !== null || behavior === null) return { response, refusal: trouble ?? distributionNeeded };
  const values = log.responses.get(response) ?? new Float64Array(0);
  const own = snipsOf(log, policy, values);
  const loss = lossOf(log, behavior, uniform, values);
  const quantile = normalQuantile((1 + level) / 2);
  const wanted = width / (2 * quantile);
  const lines = floors.map((floor) => {
    const served = (i: number): number => mixed(log, behavior, uniform, floor, i);
    const deviation = deviationAt(log, policy, own, values, served);
    return lineOf(log, { floor, deviation, wanted, now: own.error, ...loss });
  });
  const reached = lines.filter((line) => line.totalLoss !== null);
  const best = [...reached].sort((a, b) => cost(a) - cost(b))[0] ?? null;
  const currentWidth = 2 * quantile * own.error;
  return {
    response,
    width,
    level,
    currentWidth,
    lines,
    best,
    sentence: say(input, response, currentWidth, best),
  };
}

/** Least loss; where exploring gains at every floor, fewest decisions. */
const cost = (line: PlanLine): number =>
  line.lossPerDecision > 0 ? (line.totalLoss ?? Infinity) : (line.moreDecisions ?? Infinity) * 1e-12;

interface Snips {
  readonly value: number;
  readonly error: number;
  readonly weights: Float64Array;
  readonly influences: Float64Array;
}

function snipsOf(log: BanditLog, policy: DistributionPolicy, values: Float64Array): Snips {
  const k = policy.actionCount;
  const weights = log.propensities.map((p, i) =>
    isForcedRow(log, i) ? 1 : policy.probabilities[i * k + log.actions[i]] / p,
  );
  const columns = [
    sumByUnit(log.units, log.unitCount, (i) => weights[i] * values[i]),
    sumByUnit(log.units, log.unitCount, (i) => weights[i]),
  ];
  const totals = columns.map(compensatedSum);
  const influences = influencesByUnit(columns, ratio.gradient(totals));
  return { value: ratio.value(totals), error: standardError(influences), weights, influences };
}

/** V̂(b) − V̂(uniform), paired by unit; multiplied by ε it is the loss per decision. */
function lossOf(
  log: BanditLog,
  behavior: DistributionPolicy,
  uniform: DistributionPolicy,
  values: Float64Array,
): { slope: number; slopeError: number } {
  const [b, u] = [snipsOf(log, behavior, values), snipsOf(log, uniform, values)];
  const error = standardError(b.influences.map((value, unit) => value - u.influences[unit]));
  return { slope: b.value - u.value, slopeError: error };
}

/** σ(ε) divided by the mean number of decisions per unit; null where p_ε is 0 on an action that π takes. */
function deviationAt(
  log: BanditLog,
  policy: DistributionPolicy,
  { value, weights }: Snips,
  values: Float64Array,
  served: (i: number) => number,
): number | null {
  const k = policy.actionCount;
  const sums = new Float64Array(log.unitCount);
  let correction = 0;
  for (let i = 0; i < log.rounds; i++) {
    const w = weights[i];
    const z = values[i] - value;
    sums[log.units[i]] += w * z;
    if (isForcedRow(log, i) || w === 0) continue;
    const p = served(i);
    if (p <= 0) return null;
    correction += w * (policy.probabilities[i * k + log.actions[i]] / p - w) * z * z;
  }
  const second = compensatedSum(sums.map((sum) => sum * sum)) + correction;
  return (Math.sqrt(Math.max(0, second) / log.unitCount) * log.unitCount) / log.rounds;
}

interface LineInput {
  readonly floor: number;
  readonly deviation: number | null;
  /** Standard error of the wanted interval, and of the log's own. */
  readonly wanted: number;
  readonly now: number;
  readonly slope: number;
  readonly slopeError: number;
}

function lineOf(log: BanditLog, input: LineInput): PlanLine {
  const { floor, deviation, wanted, now } = input;
  const perUnit = log.rounds / log.unitCount;
  const unitsFor = (error: number): number => Math.ceil(((deviation ?? NaN) / error) ** 2);
  const isThere = now <= wanted;
  const rest = isThere ? Infinity : 1 / Math.sqrt(1 / wanted ** 2 - 1 / now ** 2);
  const moreDecisions = deviation === null ? null : isThere ? 0 : Math.ceil(unitsFor(rest) * perUnit);
  const lossPerDecision = floor * input.slope;
  return {
    floor,
    deviationOfUnit: deviation,
    units: deviation === null ? null : unitsFor(wanted),
    decisions: deviation === null ? null : Math.ceil(unitsFor(wanted) * perUnit),
    moreDecisions,
    lossPerDecision,
    lossError: floor * input.slopeError,
    totalLoss: moreDecisions === null ? null : lossPerDecision * moreDecisions,
  };
}

const mixed = (
  log: BanditLog,
  behavior: DistributionPolicy,
  uniform: DistributionPolicy,
  floor: number,
  i: number,
): number => {
  const j = i * behavior.actionCount + log.actions[i];
  return (1 - floor) * behavior.probabilities[j] + floor * uniform.probabilities[j];
};

function uniformPolicy(log: BanditLog, actionCount: number): DistributionPolicy {
  const shown = new Set(log.actions);
  const probabilities = new Float64Array(log.rounds * actionCount);
  for (let i = 0; i < log.rounds; i++) {
    const from = i * actionCount;
    const behavior = log.behaviorProbabilities;
    const isFeasible = (a: number): boolean =>
      behavior === undefined ? shown.has(a) : behavior[from + a] > 0;
    let feasible = 0;
    for (let a = 0; a < actionCount; a++) feasible += Number(isFeasible(a));
    for (let a = 0; a < actionCount; a++) if (isFeasible(a)) probabilities[from + a] = 1 / feasible;
  }
  return { kind: 'distribution', actionCount, probabilities };
}

const loggedPolicy = (log: BanditLog, actionCount: number): DistributionPolicy | null =>
  log.behaviorProbabilities === undefined
    ? null
    : { kind: 'distribution', actionCount, probabilities: log.behaviorProbabilities };

function firstTrouble(
  { log, limits }: PlanInput,
  policies: readonly DistributionPolicy[],
  response: string,
): Trouble | null {
  for (const policy of policies) {
    const { unusable } = examine(log, policy, limits === undefined ? {} : { limits });
    if (unusable !== null) return unusable;
  }
  if (log.responses.get(response)?.every(Number.isFinite) === true) return null;
  const reason = `there is not a finite ${response} on every row`;
  return { code: 'response_invalid', reason, needed: 'a finite number on every row' };
}

const distributionNeeded: Trouble = {
  code: 'distribution_needed',
  reason: 'what would be served without a floor is not known: only propensities of served actions are logged',
  needed: 'the distribution of the policy that would explore, over all actions',
};

function say({ width, level }: PlanInput, response: string, now: number, best: PlanLine | null): string {
  const goal = `a ${shortNumber(level * 100)} % interval of width ${shortNumber(width)} for ${response}`;
  if (now <= width) return `The log already gives ${goal}: its width is ${shortNumber(now)}.`;
  if (best === null)
    return `At none of these floors can a log give ${goal}: the policy takes actions that are never served.`;
  const loss = best.totalLoss ?? NaN;
  const price =
    loss > 0
      ? `costs about ${shortNumber(loss)} of ${response} in total (${shortNumber(best.lossPerDecision)} ± ${shortNumber(best.lossError)} per decision)`
      : 'is not expected to cost anything';
  return (
    `For ${goal} (now ${shortNumber(now)}), log about ${best.moreDecisions} more decisions at a floor of ε = ${best.floor}; ` +
    `against serving without a floor that ${price}.`
  );
}
