import { AllotError } from '../../../src/core/errors.ts';
import { fixedPolicyArtifact } from '../../../src/core/policy/policy.ts';
import type { PolicyArtifact } from '../../../src/core/policy/artifact.ts';
import type { Surface } from '../../../src/core/surface/surface.ts';
import { behaviorPolicy, toActionPolicy } from '../../../src/simulation/policies.ts';
import type { FeedWorldConfig } from '../../../src/simulation/world.ts';
import type { Dataset } from '../../dataset/dataset.ts';
import { trainPolicy } from '../../learning/train-policy.ts';
import { splitByUnitAndTime } from '../../dataset/split.ts';
import { splitConfig } from '../../learning/config.ts';
import { fitEncoder } from '../../learning/data/encoder-fit.ts';
import { criticProbe, type CriticProbe } from './critic-probe.ts';
import { estimateOf, type EstimateBesideTruth } from './estimate.ts';
import type { StudyMethod } from './methods.ts';
import { servedActions, truthOf, type PolicyTruth } from './policy-truth.ts';
import type { StudySettings } from './settings.ts';
import { simulatedDataset } from './simulated-dataset.ts';
import { studyWorld } from './study-world.ts';
import { constraintTruths, type ConstraintTruth } from './violations.ts';

/** One method on the log of one seed. */
export interface MethodTask {
  readonly method: StudyMethod;
  readonly seed: number;
}

/** What all tasks of a study have in common. */
export interface MethodShared {
  /** Raw world; null: the default one. */
  readonly world: unknown;
  readonly settings: StudySettings;
}

export interface MethodRun extends Partial<PolicyTruth> {
  readonly seed: number;
  readonly constraints: readonly ConstraintTruth[];
  /** Why training stopped itself; null: it did not. */
  readonly diverged: string | null;
  /** Of the last steps, in standard deviations of the reward; null: no critic. */
  readonly meanAbsQ: number | null;
  /** Mean Q by group on held states that all runs share, in the unit of the main response; null: no critic. */
  readonly meanQ: Readonly<Record<string, number>> | null;
  readonly metrics: Readonly<Record<string, number>>;
  readonly estimate: EstimateBesideTruth | null;
  readonly seconds: { readonly training: number; readonly truth: number; readonly estimate: number };
}

/** Trains (or takes) the policy, and looks up what it is truly worth. A divergence is a result, any other failure is not. */
export async function task(
  { method, seed }: MethodTask,
  { shared }: { readonly shared: MethodShared },
): Promise<MethodRun> {
  const { settings } = shared;
  const { config, surface } = studyWorld(shared.world);
  const clock = stopwatch();
  const made = await policyOf(method, seed, shared, config, surface);
  const training = clock();
  if (made.kind === 'diverged') return nothing(seed, made.reason, training);
  const policy =
    made.kind === 'behavior' ? toActionPolicy(behaviorPolicy(config)) : servedActions(made.artifact, surface);
  const truth = truthOf(config, surface, policy, { units: settings.truthUnits, seed });
  const truthSeconds = clock();
  const metrics = made.kind === 'trained' ? made.metrics : {};
  const estimate =
    made.kind === 'trained'
      ? estimateOf({
          config,
          surface,
          dataset: made.dataset,
          artifact: made.artifact,
          hash: made.hash,
          seed,
          settings,
        })
      : null;
  return {
    seed,
    ...truth,
    constraints: constraintTruths(surface, truth),
    diverged: null,
    meanAbsQ: made.kind === 'trained' ? made.meanAbsQ : null,
    meanQ: made.kind === 'trained' ? made.meanQ : null,
    metrics,
    estimate,
    seconds: { training, truth: truthSeconds, estimate: clock() },
  };
}

type Made =
  | {
      readonly kind: 'trained';
      readonly artifact: PolicyArtifact;
      readonly hash: string;
      readonly dataset: Dataset;
      readonly metrics: Readonly<Record<string, number>>;
      readonly meanAbsQ: number | null;
      readonly meanQ: Readonly<Record<string, number>> | null;
    }
  | { readonly kind: 'fixed'; readonly artifact: PolicyArtifact }
  | { readonly kind: 'behavior' }
  | { readonly kind: 'diverged'; readonly reason: string };

async function policyOf(
  method: StudyMethod,
  seed: number,
  { settings }: MethodShared,
  config: FeedWorldConfig,
  surface: Surface,
): Promise<Made> {
  if (method.arm === 'behavior') return { kind: 'behavior' };
  if (method.arm === 'always')
    return { kind: 'fixed', artifact: fixedPolicyArtifact(surface, alwaysShare(surface, method.share)) };
  const dataset = logOf(config, surface, settings.units, seed);
  const probe = probeFor(config, surface, dataset);
  try {
    const { artifact, hash, metrics, curve } = await trainPolicy({
      dataset,
      surface,
      algorithm: method.algorithm,
      config: mergeConfig(method.algorithm, settings, method.config),
      seed,
      runId: null,
      onLearner: probe.onLearner,
    });
    const last = curve.findLast((point) => point.metrics['meanAbsQ'] !== undefined);
    const meanAbsQ = last?.metrics['meanAbsQ'] ?? null;
    return {
      kind: 'trained',
      artifact,
      hash,
      dataset,
      metrics,
      meanAbsQ,
      meanQ: inMainUnit(probe.read(), metrics),
    };
  } catch (error) {
    if (error instanceof AllotError && error.code === 'training_diverged')
      return { kind: 'diverged', reason: error.message };
    throw error;
  }
}

/** Everything on the first allocating action, or nothing at all. */
function alwaysShare({ actions, nullAction }: Surface, share: 0 | 1): number[] {
  const wanted = share === 0 ? actions.indexOf(nullAction ?? '') : actions.findIndex((a) => a !== nullAction);
  return actions.map((_, a) => (a === wanted ? 1 : 0));
}

/** Critics are read on states of units that no log of a study has, encoded as this training encodes. */
function probeFor(config: FeedWorldConfig, surface: Surface, dataset: Dataset): CriticProbe {
  const { train } = splitByUnitAndTime(dataset, splitConfig.parse({}));
  const held = simulatedDataset(config, surface, { units: heldUnits, seed: heldSeed });
  return criticProbe(held, surface, fitEncoder(dataset, surface, train));
}

/** A critic speaks in standard deviations of its reward, and of its reward without the mean where γ is 0. */
function inMainUnit(
  meanQ: Readonly<Record<string, number>> | null,
  { rewardScale = 1 }: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> | null {
  if (meanQ === null) return null;
  return Object.fromEntries(Object.entries(meanQ).map(([group, q]) => [group, q * rewardScale]));
}

/** A method's own network fields change the shared network, they do not replace it. Cloning has no discount. */
function mergeConfig(
  algorithm: string,
  { training, critic }: StudySettings,
  own: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const network = { ...training.network, ...(own['network'] as object | undefined) };
  return { ...training, ...(algorithm === 'bc' ? {} : critic), ...own, network };
}

const heldUnits = 100;
/** No seed of a study is negative. */
const heldSeed = -2;

let lastLog: { readonly key: string; readonly dataset: Dataset } | undefined;

/** Methods of the same seed follow each other in a worker and share its log. */
function logOf(config: FeedWorldConfig, surface: Surface, units: number, seed: number): Dataset {
  const key = JSON.stringify([config, units, seed]);
  if (lastLog?.key !== key) lastLog = { key, dataset: simulatedDataset(config, surface, { units, seed }) };
  return lastLog.dataset;
}

const nothing = (seed: number, reason: string, training: number): MethodRun => ({
  seed,
  constraints: [],
  diverged: reason,
  meanAbsQ: null,
  meanQ: null,
  metrics: {},
  estimate: null,
  seconds: { training, truth: 0, estimate: 0 },
});

/** Seconds since the last call, for people: no number of a study depends on it. */
function stopwatch(): () => number {
  let last = performance.now();
  return () => {
    const now = performance.now();
    const seconds = (now - last) / 1000;
    last = now;
    return seconds;
  };
}
