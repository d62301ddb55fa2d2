import { createRandom } from '../../../src/core/math/random.ts';
import type { PolicyArtifact } from '../../../src/core/policy/artifact.ts';
import { compilePolicy } from '../../../src/core/policy/policy.ts';
import { serveProbabilities } from '../../../src/core/policy/serve.ts';
import { groupIndex } from '../../../src/core/surface/groups.ts';
import type { FeatureValues, Surface } from '../../../src/core/surface/surface.ts';
import type { ActionPolicy } from '../../../src/simulation/policies.ts';
import { trueValuesOf } from '../../../src/simulation/true-value.ts';
import type { FeedWorldConfig } from '../../../src/simulation/world.ts';

export interface TrueResponse {
  /** Mean per decision, in the policy's own states. */
  readonly value: number;
  readonly standardError: number;
  /** Mean total of a session. */
  readonly perSession: number;
  readonly perSessionStandardError: number;
}

export interface PolicyTruth {
  readonly values: Readonly<Record<string, TrueResponse>>;
  readonly decisionsPerSession: number;
  /** Mean probability of allocating anything. */
  readonly share: number;
  /** The same by activity group, in the policy's own states; groups that never came are missing. */
  readonly actionRate: Readonly<Record<string, number>>;
}

/** π^served as the world asks for it: the artifact through the code of serving, with the exploration floor. */
export function servedActions(artifact: PolicyArtifact, surface: Surface): ActionPolicy {
  const policy = compilePolicy(artifact, surface);
  const own = new Float64Array(policy.actionCount);
  const eligible = surface.actions.map(() => true);
  return (values, out) => {
    policy.probabilities(values, [], own);
    serveProbabilities(
      { surface, policyProbabilities: own, eligible, values, unitCounts: () => 0, pacingFactor: 1 },
      out,
    );
  };
}

/**
 * The true value of every response under a policy, by Monte-Carlo. Policies that are valued with the same seed meet the same
 * units, candidates and noise (common random numbers), so that their differences are far better known than the values.
 */
export function truthOf(
  config: FeedWorldConfig,
  surface: Surface,
  policy: ActionPolicy,
  options: { readonly units: number; readonly seed: number },
): PolicyTruth {
  const rates = new Map<string, { sum: number; count: number }>();
  const nullIndex = surface.actions.indexOf(surface.nullAction ?? '');
  const watched: ActionPolicy = (values, out) => {
    policy(values, out);
    const rate = rates.get(groupOf(surface, values)) ?? { sum: 0, count: 0 };
    rates.set(groupOf(surface, values), { sum: rate.sum + 1 - out[nullIndex], count: rate.count + 1 });
  };
  const random = createRandom(options.seed).fork('truth');
  const all = trueValuesOf(config, watched, { units: options.units, random });
  const declared = surface.responses.flatMap(({ name }) => {
    const truth = all.get(name);
    if (truth === undefined) return [];
    const { value, standardError, perSession } = truth;
    const response: TrueResponse = {
      value,
      standardError,
      perSession: perSession.value,
      perSessionStandardError: perSession.standardError,
    };
    return [[name, response] as const];
  });
  const [{ sessions, decisions }] = [...all.values()];
  const seen = [...rates.values()];
  return {
    values: Object.fromEntries(declared),
    decisionsPerSession: decisions / sessions,
    share: total(seen, 'sum') / Math.max(1, total(seen, 'count')),
    actionRate: Object.fromEntries([...rates].map(([group, { sum, count }]) => [group, sum / count])),
  };
}

const total = <K extends string>(parts: readonly Readonly<Record<K, number>>[], key: K): number =>
  parts.reduce((sum, part) => sum + part[key], 0);

const groupOf = (surface: Surface, values: FeatureValues): string =>
  surface.groups === null ? 'all' : surface.groups.names[groupIndex(surface.groups, values, [])];
