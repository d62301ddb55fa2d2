import { AllotError } from '../../../src/core/errors.ts';
import { violation } from '../../../src/core/check.ts';
import type { DivergenceConfig } from '../config.ts';
import type { Population } from './behavior-reference.ts';
import { shareName } from './held-states.ts';
import type { CurvePoint, StepMetrics } from './learner.ts';

/** Why a training stopped itself. */
export interface Diagnosis {
  readonly kind: 'not-finite' | 'action-values' | 'action-rate' | 'entropy-collapse';
  readonly phase: string;
  readonly step: number;
  /** What was measured, against what. */
  readonly what: string;
  readonly suggestion: string;
  readonly measured: number;
  readonly limit: number;
}

/** `training_diverged` with its diagnosis; as plain data it is the error's only violation. */
export class TrainingDiverged extends AllotError {
  readonly diagnosis: Diagnosis;
  /** As far as training got. */
  readonly curve: readonly CurvePoint[];

  constructor(diagnosis: Diagnosis, curve: readonly CurvePoint[] = []) {
    const { phase, step, what, suggestion, kind, measured } = diagnosis;
    super('training_diverged', `${phase}, step ${step}: ${what}. Try: ${suggestion}`, {
      violations: [violation(`divergence.${kind}`, what, measured)],
    });
    this.diagnosis = diagnosis;
    this.curve = curve;
  }
}

interface Place {
  readonly phase: string;
  readonly step: number;
}

/** After every step: numbers that are not finite, and mean |Q| beyond its bound. */
export function watchStep(at: Place, metrics: StepMetrics, { maxQRatio }: DivergenceConfig): void {
  const notFinite = Object.entries(metrics).find(([, value]) => !Number.isFinite(value));
  if (notFinite !== undefined)
    throw new TrainingDiverged({
      ...at,
      kind: 'not-finite',
      what: `${notFinite[0]} is ${notFinite[1]}`,
      suggestion:
        'lower learningRate and criticLearningRate, keep layerNorm on, look for absurd values in the responses',
      measured: notFinite[1],
      limit: Infinity,
    });
  const { meanAbsQ, qBound } = metrics;
  if (maxQRatio === null || meanAbsQ === undefined || qBound === undefined) return;
  if (meanAbsQ > maxQRatio * qBound)
    throw new TrainingDiverged({
      ...at,
      kind: 'action-values',
      what: `mean |Q| ${meanAbsQ.toPrecision(4)} left its bound ${(maxQRatio * qBound).toPrecision(4)} (max |r| / (1 − γ)${maxQRatio === 1 ? '' : ` times ${maxQRatio}`})`,
      suggestion: 'lower criticLearningRate or discount, or raise weightDecay',
      measured: meanAbsQ,
      limit: maxQRatio * qBound,
    });
}

/** As many points of the curve in a row must agree before a policy is called drifted or collapsed. */
const patience = 3;

/** At every point of the curve, the newest last: an actor that does not choose any more. */
export function watchEntropy(curve: readonly CurvePoint[], { minEntropy }: DivergenceConfig): void {
  const last = curve.slice(-patience);
  if (minEntropy === null || last.length < patience) return;
  if (!last.every(({ metrics }) => metrics['normalisedEntropy'] < minEntropy)) return;
  const { phase, step, metrics } = last[patience - 1];
  const measured = metrics['normalisedEntropy'];
  throw new TrainingDiverged({
    ...{ phase, step, kind: 'entropy-collapse', measured, limit: minEntropy },
    what: `entropy collapse: the mean entropy of the policy is ${measured.toExponential(1)} of the largest possible`,
    suggestion:
      'lower learningRate or steps, raise the entropy or cloning weight of the algorithm, or beta where it weights by exp(Â/β)',
  });
}

/**
 * At every point of the curve: an actor whose allocating share was near the behaviour's and has left it, overall or in a
 * group. One that was never near (it starts at even odds) is judged when it is finished, by `refuseDrift`.
 */
export function watchDrift(
  curve: readonly CurvePoint[],
  populations: readonly Population[],
  config: DivergenceConfig,
): void {
  const last = curve.slice(-patience);
  if (last.length < patience) return;
  for (const population of populations) {
    const isOutside = ({ metrics }: CurvePoint): boolean =>
      isDrifted(metrics[shareName(population)], population, config);
    if (last.every(isOutside) && curve.some((point) => !isOutside(point)))
      throw drifted(last[patience - 1], last[patience - 1].metrics, population, config);
  }
}

/** The finished policy. */
export function refuseDrift(
  metrics: StepMetrics,
  populations: readonly Population[],
  config: DivergenceConfig,
): void {
  const at = { phase: 'the finished policy', step: 0 };
  for (const population of populations)
    if (isDrifted(metrics[shareName(population)], population, config))
      throw drifted(at, metrics, population, config);
}

/**
 * π's share of allocating is above `maxRateRatio` times the behaviour's, and by more than `minRateDifference`. Allocating less
 * is no drift: on simulated sessions six of six such alarms stopped good policies that left the least active groups alone.
 * A behaviour that explores (entropy above `maxBehaviorEntropy`) shows no preference that one could drift from: there,
 * learning *is* leaving it.
 */
export function isDrifted(
  share: number | undefined,
  behavior: Pick<Population, 'share' | 'entropy'>,
  config: DivergenceConfig,
): boolean {
  const { maxRateRatio: ratio, minRateDifference, maxBehaviorEntropy } = config;
  if (ratio === null || share === undefined || !Number.isFinite(behavior.share)) return false;
  if (behavior.entropy > maxBehaviorEntropy) return false;
  return share > ratio * behavior.share && share - behavior.share > minRateDifference;
}

function drifted(
  at: Place,
  metrics: StepMetrics,
  population: Population,
  config: DivergenceConfig,
): TrainingDiverged {
  const measured = metrics[shareName(population)];
  const ratio = config.maxRateRatio ?? Infinity;
  const where = population.group === null ? '' : ` in group ${population.group}`;
  return new TrainingDiverged({
    ...{ phase: at.phase, step: at.step, kind: 'action-rate', measured },
    limit: ratio * population.share,
    what: `it allocates in ${percent(measured)} of the states${where}, the behaviour in ${percent(population.share)}: more than ${ratio} times as often`,
    suggestion:
      'stay nearer to the behaviour (cloning weight, smaller lambda or beta), or charge for allocations (multipliers: {"share-of-actions": …}); divergence.maxRateRatio if it is meant',
  });
}

const percent = (share: number): string => `${Number((100 * share).toPrecision(3))} %`;
