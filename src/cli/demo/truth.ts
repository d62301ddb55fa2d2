import { createRandom } from '../../core/math/random.ts';
import { decodeArtifact } from '../../core/policy/codec.ts';
import { compilePolicy } from '../../core/policy/policy.ts';
import { compileFeatures } from '../../core/surface/features.ts';
import type { Surface } from '../../core/surface/surface.ts';
import { LIVE_ACTION } from '../../simulation/outcome.ts';
import { trueValue, type LivePolicy } from '../../simulation/true-value.ts';
import type { FeedWorldConfig } from '../../simulation/world.ts';

const UNITS = 6000;

export interface TrueDifference {
  readonly value: number;
  readonly standardError: number;
}

/**
 * What the world itself says the challenger adds per decision, both policies served with the surface's floor: something
 * no real log can tell. Its error is stated as if the two runs were independent, which overstates it a little.
 */
export function trueDifference(
  world: FeedWorldConfig,
  surface: Surface,
  artifacts: { readonly champion: Uint8Array; readonly challenger: Uint8Array },
  response: string,
): TrueDifference {
  const valueOf = (bytes: Uint8Array) =>
    trueValue(world, servedPolicy(bytes, surface), response, { units: UNITS, random: createRandom(2024) });
  const champion = valueOf(artifacts.champion);
  const challenger = valueOf(artifacts.challenger);
  return {
    value: challenger.value - champion.value,
    standardError: Math.hypot(challenger.standardError, champion.standardError),
  };
}

/** The surface of the demo has neither caps nor pacing: floor(π). */
function servedPolicy(bytes: Uint8Array, surface: Surface): LivePolicy {
  const policy = compilePolicy(decodeArtifact(bytes), surface);
  const features = compileFeatures(surface);
  const out = new Float64Array(policy.actionCount);
  const live = surface.actions.indexOf(LIVE_ACTION);
  const floor = surface.explorationFloor;
  return (raw) => {
    const { values, defaulted } = features.read(raw);
    policy.probabilities(values, defaulted, out);
    return (1 - floor) * out[live] + floor / surface.actions.length;
  };
}
