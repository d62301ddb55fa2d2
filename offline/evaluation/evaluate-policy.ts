import type { BanditLog, EvaluationPolicy } from '../../src/core/ope/bandit-log.ts';
import { evaluateByGroup } from '../../src/core/ope/by-group.ts';
import { pairedDifference, type Opponent } from '../../src/core/ope/difference.ts';
import type { OpeOptions } from '../../src/core/ope/evaluate-log.ts';
import { examine } from '../../src/core/ope/examination.ts';
import { judgeCandidate, type GateInput } from '../../src/core/ope/gate.ts';
import { defaultLimits } from '../../src/core/ope/limits.ts';
import type { PolicyArtifact } from '../../src/core/policy/artifact.ts';
import { compilePolicy } from '../../src/core/policy/policy.ts';
import { gateEstimandOf, type Surface } from '../../src/core/surface/surface.ts';
import type { Dataset } from '../dataset/dataset.ts';
import { completeRows } from './completeness.ts';
import { constraintEvidence } from './constraint-evidence.ts';
import { estimatorAgreement } from './estimator-agreement.ts';
import type { EvaluationResult } from './evaluation-result.ts';
import { groupingsOf } from './groupings.ts';
import { meanResponses } from './means.ts';
import { fitRewardModels } from './reward-models.ts';
import { selectRows } from './select-rows.ts';
import { servedPolicy, type ServedPolicy } from './served-policy.ts';
import { evaluateSessions, sessionSides } from './session-evaluation.ts';
import { toBanditLog } from './to-bandit-log.ts';
import { unguardedLosses } from './unguarded-losses.ts';
import { untouchedRows } from './untouched-rows.ts';
import { weightHistogram } from './weight-histogram.ts';

export interface VersionedPolicy {
  readonly version: string;
  readonly hash: string;
  readonly artifact: PolicyArtifact;
}

export interface EvaluationRequest {
  /** The logged rows to judge on; rows that the candidate itself served become the known answer. */
  readonly dataset: Dataset;
  readonly candidate: VersionedPolicy;
  /** null: compared with the policy that produced the log. */
  readonly champion: VersionedPolicy | null;
  /** Whose rows to value from; null: everybody's but the candidate's. */
  readonly behaviorVersions: readonly string[] | null;
  readonly resamples: number;
  readonly seed: number;
  readonly clip: number | null;
  readonly candidatesOnSlice: number;
  /** Categorical and boolean features to value by, beside the surface's activity groups. */
  readonly segments?: readonly string[];
}

/**
 * Values π^served of a candidate from logged rows that it never saw, compares it with the champion on the same rows,
 * and asks the gate that its surface declares.
 */
export function evaluatePolicy(request: EvaluationRequest): EvaluationResult {
  const { dataset, candidate } = request;
  const { surface } = dataset.manifest;
  const known = selectRows(dataset, (row) => dataset.policyVersions[row] === candidate.version);
  const rows = behaviorRows(request);
  const served = servedPolicy(compilePolicy(candidate.artifact, surface), surface, rows);
  const log = toBanditLog(rows);
  const policy = distribution(served, surface);
  const opponent = opponentOf(request, rows, surface);
  const options = optionsOf(request, rows, surface);
  const sessions = sessionSides(rows, surface, served.probabilities, opponent);
  const groupings = groupingsOf(rows, surface, request.segments ?? []);
  const { overall, groups } = evaluateByGroup(log, policy, groupings, options);
  const head = headOf(request, rows, served);
  const compared = {
    differences: {
      against: request.champion?.version ?? 'the logging policy',
      estimates: pairedDifference(log, policy, opponent, options),
    },
    sessions: evaluateSessions(sessions, surface, sessionOptions(request, surface)),
  };
  return {
    ...head,
    report: overall,
    groups,
    ...examined(log, policy, options, surface, sessions),
    behavior: meanResponses(rows),
    truth: known.rows === 0 ? null : meanResponses(known),
    ...compared,
    unguarded: unguardedLosses(surface, { ...head, ...compared }),
    gate: gateOf(request, log, policy, opponent, options, sessions),
  };
}

function gateOf(
  request: EvaluationRequest,
  log: BanditLog,
  candidate: EvaluationPolicy,
  champion: Opponent,
  { rewardModels }: OpeOptions,
  sessions: GateInput['sessions'],
): EvaluationResult['gate'] {
  const { dataset, resamples, seed, clip, candidatesOnSlice } = request;
  return judgeCandidate({
    surface: dataset.manifest.surface,
    log,
    candidate,
    champion,
    resamples,
    seed,
    ...(clip === null ? {} : { clip }),
    ...(rewardModels === undefined ? {} : { rewardModels }),
    ...(sessions === undefined ? {} : { sessions }),
    candidatesOnSlice,
    artifactHash: request.candidate.hash,
    snapshotHash: dataset.manifest.contentHash,
  });
}

/** What a reader wants to see beside the estimates before believing them. */
function examined(
  log: BanditLog,
  policy: EvaluationPolicy,
  options: OpeOptions,
  surface: Surface,
  sessions: GateInput['sessions'],
): Pick<EvaluationResult, 'weights' | 'agreement' | 'constraints'> {
  const { unusable, weights } = examine(log, policy, options);
  const { estimator } = surface.gate;
  return {
    weights: unusable === null ? weightHistogram(weights) : null,
    agreement: estimatorAgreement(log, policy, options),
    constraints: constraintEvidence(surface, { log, candidate: policy, estimator, options }, sessions),
  };
}

/** Complete rows of the chosen behaviour policies that no split gave to the candidate's training. */
function behaviorRows({ dataset, candidate, behaviorVersions }: EvaluationRequest): Dataset {
  const untouched = untouchedRows(dataset, candidate.artifact);
  const chosen = selectRows(dataset, (row) => {
    const version = dataset.policyVersions[row];
    const isChosen =
      behaviorVersions === null ? version !== candidate.version : behaviorVersions.includes(version);
    return isChosen && untouched(row);
  });
  return completeRows(chosen);
}

const distribution = (served: ServedPolicy, surface: Surface): EvaluationPolicy => ({
  kind: 'distribution',
  actionCount: surface.actions.length,
  probabilities: served.probabilities,
});

/** `behavior` where the champion (or nobody in particular) produced every row; else its own served distribution. */
function opponentOf({ champion }: EvaluationRequest, rows: Dataset, surface: Surface): Opponent {
  if (champion === null || rows.policyVersions.every((version) => version === champion.version))
    return 'behavior';
  return distribution(servedPolicy(compilePolicy(champion.artifact, surface), surface, rows), surface);
}

function optionsOf(request: EvaluationRequest, rows: Dataset, surface: Surface): OpeOptions {
  const rewardModels = fitRewardModels(rows);
  return {
    level: surface.gate.level,
    resamples: request.resamples,
    seed: request.seed,
    limits: { weakEffectiveSampleSize: surface.gate.minEffectiveUnits },
    ...(request.clip === null ? {} : { clip: request.clip }),
    ...(rewardModels.size === 0 ? {} : { rewardModels }),
  };
}

const sessionOptions = ({ resamples, seed }: EvaluationRequest, { gate: { level } }: Surface) => ({
  level,
  resamples,
  seed,
  maxUnitShare: defaultLimits.maxUnitShare,
});

function headOf(
  request: EvaluationRequest,
  rows: Dataset,
  served: ServedPolicy,
): Pick<
  EvaluationResult,
  'surface' | 'policyVersion' | 'artifactHash' | 'snapshotHash' | 'log' | 'settings' | 'served'
> {
  const { dataset, candidate, resamples, seed, clip } = request;
  const { surface, contentHash, timeRange } = dataset.manifest;
  const day = (ms: number | undefined): string => (ms === undefined ? '–' : new Date(ms).toISOString());
  return {
    surface: surface.name,
    policyVersion: candidate.version,
    artifactHash: candidate.hash,
    snapshotHash: contentHash,
    log: {
      from: day(timeRange?.first),
      until: day(timeRange?.last),
      behaviorVersions: [...new Set(rows.policyVersions)].sort(),
    },
    settings: {
      level: surface.gate.level,
      resamples,
      seed,
      clip,
      decidingEstimator: gateEstimandOf(surface) === 'per-session' ? 'marginal-dr' : surface.gate.estimator,
      decidingEstimand: gateEstimandOf(surface),
    },
    served: {
      pacingFactor: served.pacingFactor,
      shareOfActions: Number.isNaN(served.shareOfActions) ? null : served.shareOfActions,
    },
  };
}
