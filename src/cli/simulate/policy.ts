import { readFile } from 'node:fs/promises';
import { AllotError } from '../../core/errors.ts';
import { decodeArtifact } from '../../core/policy/codec.ts';
import { compilePolicy } from '../../core/policy/policy.ts';
import { serveProbabilities } from '../../core/policy/serve.ts';
import { compileFeatures } from '../../core/surface/features.ts';
import type { Surface } from '../../core/surface/surface.ts';
import {
  alwaysLive,
  behaviorPolicy,
  neverLive,
  toActionPolicy,
  uniformPolicy,
  type ActionPolicy,
} from '../../simulation/policies.ts';
import { sessionFeedSurface } from '../../simulation/surface.ts';
import type { FeedWorldConfig } from '../../simulation/world.ts';

export const namedPolicies = ['always-null', 'always-allocate', 'behaviour', 'uniform'] as const;

export interface PolicyChoice {
  /** A name of `namedPolicies`, or an artifact file. */
  readonly policy: string;
  /** ε of the exploration floor that is applied; null: the bare policy. */
  readonly floor: number | null;
  /** The surface that the artifact must be for; null: the one it says. */
  readonly surface: string | null;
}

/** The policy as the product would serve it in this world. */
export async function choosePolicy(config: FeedWorldConfig, choice: PolicyChoice): Promise<ActionPolicy> {
  const named = namedPolicy(config, choice.policy);
  const surface = sessionFeedSurface(config, { name: choice.surface ?? 'feed' });
  if (named !== null) return withFloor(named, surface, choice.floor);
  const artifact = decodeArtifact(await bytesOf(choice.policy));
  const { schemaVersion, surface: name } = artifact.header;
  const ofArtifact = { ...surface, schemaVersion, name: choice.surface ?? name };
  const policy = compilePolicy(artifact, ofArtifact);
  const features = compileFeatures(ofArtifact);
  const answer: ActionPolicy = (raw, out) => {
    const { values, defaulted } = features.read(raw);
    policy.probabilities(values, defaulted, out);
  };
  return withFloor(answer, ofArtifact, choice.floor);
}

function namedPolicy(config: FeedWorldConfig, name: string): ActionPolicy | null {
  switch (name) {
    case 'always-null':
      return toActionPolicy(neverLive);
    case 'always-allocate':
      return toActionPolicy(alwaysLive);
    case 'behaviour':
    case 'behavior':
      return toActionPolicy(behaviorPolicy(config));
    case 'uniform':
      return uniformPolicy;
    default:
      return null;
  }
}

function withFloor(policy: ActionPolicy, surface: Surface, floor: number | null): ActionPolicy {
  if (floor === null) return policy;
  const floored = { ...surface, explorationFloor: floor };
  const policyProbabilities = new Float64Array(surface.actions.length);
  const eligible = surface.actions.map(() => true);
  return (values, out) => {
    policy(values, policyProbabilities);
    const input = {
      surface: floored,
      policyProbabilities,
      eligible,
      values,
      unitCounts: () => 0,
      pacingFactor: 1,
    };
    serveProbabilities(input, out);
  };
}

async function bytesOf(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new AllotError(
      'policy_unknown',
      `--policy: ${file} is not a readable file and not one of ${namedPolicies.join(', ')}`,
      { cause },
    );
  }
}
