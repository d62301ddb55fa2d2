import { AllotError } from '../../../src/core/errors.ts';
import type { StepMetrics } from './learner.ts';

/** Stops training that no longer means anything, saying what happened and what to try. */
export function refuseDivergence(phase: string, step: number, metrics: StepMetrics): void {
  const notFinite = Object.entries(metrics).find(([, value]) => !Number.isFinite(value));
  if (notFinite !== undefined)
    throw diverged(
      `${phase}, step ${step}: ${notFinite[0]} is ${notFinite[1]}`,
      'lower learningRate and criticLearningRate, keep layerNorm on, look for absurd values in the responses',
    );
  const { meanAbsQ, qBound } = metrics;
  if (meanAbsQ !== undefined && qBound !== undefined && meanAbsQ > qBound)
    throw diverged(
      `${phase}, step ${step}: mean |Q| ${meanAbsQ.toPrecision(4)} left its bound ${qBound.toPrecision(4)} = max |r| / (1 − γ)`,
      'lower criticLearningRate or discount, or raise weightDecay',
    );
}

const diverged = (what: string, suggestion: string): AllotError =>
  new AllotError('training_diverged', `${what}. Try: ${suggestion}`);
