import type { FeatureValues } from '../core/surface/surface.ts';
import { clamp } from './unit.ts';
import type { FeedWorldConfig } from './world.ts';

/** Probability of inserting a stream, for a request with these features; K positions share it equally. */
export type LivePolicy = (features: FeatureValues) => number;

/** Writes one probability per action, in the order of the surface. Mass on a stream without a candidate counts as none. */
export type ActionPolicy = (features: FeatureValues, out: Float64Array) => void;

export const neverLive: LivePolicy = () => 0;
export const alwaysLive: LivePolicy = () => 1;

/** Equal probability for every action, none included. */
export const uniformPolicy: ActionPolicy = (_features, out) => void out.fill(1 / out.length);

/** clamp(base + score · candidateScore + affinity · liveAffinity, min, max): what fills the log. */
export function behaviorPolicy({ behavior: b }: FeedWorldConfig): LivePolicy {
  return (features) =>
    clamp(
      b.base + b.score * Number(features['candidateScore']) + b.affinity * Number(features['liveAffinity']),
      b.min,
      b.max,
    );
}

export function toActionPolicy(policy: LivePolicy): ActionPolicy {
  return (features, out) => {
    const live = policy(features);
    out.fill(live / (out.length - 1));
    out[0] = 1 - live;
  };
}

/** Inverse CDF with "none" last, so that a binary policy inserts exactly when u < P(insert). */
export function drawPosition(probabilities: Float64Array, u: number): number {
  let below = 0;
  for (let action = 1; action < probabilities.length; action++) {
    below += probabilities[action];
    if (u < below) return action;
  }
  return 0;
}
