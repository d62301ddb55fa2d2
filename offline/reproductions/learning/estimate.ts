import { isRefusal, type Estimate, type EstimateRefusal } from '../../../src/core/ope/report.ts';
import type { GateVerdict } from '../../../src/core/ope/gate-verdict.ts';
import type { PolicyArtifact } from '../../../src/core/policy/artifact.ts';
import { compilePolicy } from '../../../src/core/policy/policy.ts';
import type { Surface } from '../../../src/core/surface/surface.ts';
import { behaviorPolicy, toActionPolicy } from '../../../src/simulation/policies.ts';
import type { FeedWorldConfig } from '../../../src/simulation/world.ts';
import type { Dataset } from '../../dataset/dataset.ts';
import { evaluatePolicy } from '../../evaluation/evaluate-policy.ts';
import { servedPolicy } from '../../evaluation/served-policy.ts';
import { truthOf, type PolicyTruth } from './policy-truth.ts';
import type { StudySettings } from './settings.ts';
import { simulatedDataset } from './simulated-dataset.ts';

/** What the evaluation says of one policy from the log's test split, beside what is true. */
export interface EstimateBesideTruth {
  readonly responses: Readonly<Record<string, ResponseEstimate>>;
  readonly verdict: GateVerdict['verdict'];
  readonly reasons: readonly string[];
}

export interface ResponseEstimate {
  /** By the surface's deciding estimator; null: refused. */
  readonly estimate: number | null;
  readonly lower: number | null;
  readonly upper: number | null;
  readonly isWeak: boolean;
  /**
   * The truth of the estimand `per-decision`: mean response under π in the states that the *behaviour policy* visits: the
   * behaviour's own true value, plus the difference Σ (w − 1) r / n on a log that is longer than the study's.
   */
  readonly inLoggedStates: number;
  readonly inLoggedStatesStandardError: number;
}

interface Judged {
  readonly config: FeedWorldConfig;
  readonly surface: Surface;
  readonly dataset: Dataset;
  readonly artifact: PolicyArtifact;
  readonly hash: string;
  readonly seed: number;
  readonly settings: StudySettings;
}

/** Exactly what `allot evaluate` computes for this artifact on this log, against the policy that produced it. */
export function estimateOf({
  config,
  surface,
  dataset,
  artifact,
  hash,
  seed,
  settings,
}: Judged): EstimateBesideTruth {
  const { report, gate } = evaluatePolicy({
    dataset,
    candidate: { version: `${surface.name}@2`, hash, artifact },
    champion: null,
    behaviorVersions: null,
    resamples: settings.resamples,
    seed,
    clip: null,
    candidatesOnSlice: 1,
  });
  const truths = inLoggedStates(config, surface, artifact, settings.truthUnits);
  const responses = surface.responses.flatMap(({ name }) => {
    const truth = truths.get(name);
    const found = report.estimates.find(
      ({ response, estimator }) => response === name && estimator === surface.gate.estimator,
    );
    if (truth === undefined || found === undefined) return [];
    return [[name, { ...ofEstimate(found), ...truth }] as const];
  });
  return { responses: Object.fromEntries(responses), verdict: gate.verdict, reasons: gate.reasons };
}

function ofEstimate(found: Estimate | EstimateRefusal) {
  if (isRefusal(found)) return { estimate: null, lower: null, upper: null, isWeak: true };
  const [interval] = found.intervals;
  return {
    estimate: found.value,
    lower: interval?.lower ?? null,
    upper: interval?.upper ?? null,
    isWeak: found.warnings.length > 0,
  };
}

/**
 * V(μ) + (1/n) Σ (π(a|x)/μ(a|x) − 1) r over a fresh log of the behaviour policy, its error by unit. What units differ by
 * without regard to the policy is in V(μ), which many more units tell.
 */
function inLoggedStates(config: FeedWorldConfig, surface: Surface, artifact: PolicyArtifact, units: number) {
  const { dataset: log, behavior } = longLog(config, surface, units);
  const { probabilities } = servedPolicy(compilePolicy(artifact, surface), surface, log);
  const actionCount = surface.actions.length;
  const excess = Float64Array.from(
    log.actions,
    (action, row) => probabilities[row * actionCount + action] / log.propensities[row] - 1,
  );
  return new Map(
    [...log.responses].map(([name, values]) => {
      const known = log.isComplete.reduce((a, b) => a + b, 0);
      const term = (row: number): number => (log.isComplete[row] === 1 ? excess[row] * values[row] : 0);
      let sum = 0;
      for (let row = 0; row < log.rows; row++) sum += term(row);
      const mean = sum / known;
      const deviations = new Float64Array(log.unitCount);
      for (let row = 0; row < log.rows; row++)
        deviations[log.units[row]] += term(row) - log.isComplete[row] * mean;
      const squares = deviations.reduce((total, d) => total + d * d, 0);
      const of = behavior.values[name];
      return [
        name,
        {
          inLoggedStates: of.value + mean,
          inLoggedStatesStandardError: Math.hypot(Math.sqrt(squares) / known, of.standardError),
        },
      ];
    }),
  );
}

interface LongLog {
  readonly dataset: Dataset;
  readonly behavior: PolicyTruth;
}

let lastLong: (LongLog & { readonly key: string }) | undefined;

/** No seed of a study is negative: this log is nobody's training log. */
const longLogSeed = -1;
const behaviorSeed = -3;
const behaviorFactor = 5;

function longLog(config: FeedWorldConfig, surface: Surface, units: number): LongLog {
  const key = JSON.stringify([config, units]);
  if (lastLong?.key !== key)
    lastLong = {
      key,
      dataset: simulatedDataset(config, surface, { units, seed: longLogSeed }),
      behavior: truthOf(config, surface, toActionPolicy(behaviorPolicy(config)), {
        units: behaviorFactor * units,
        seed: behaviorSeed,
      }),
    };
  return lastLong;
}
