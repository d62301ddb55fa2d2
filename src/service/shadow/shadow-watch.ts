import {
  mergeShadowScores,
  noShadowScore,
  type ShadowResponse,
  type ShadowScore,
} from '../../core/experiment/shadow-score.ts';
import { joinResponses, longestWindowSeconds } from '../../core/feedback/join.ts';
import type { Random } from '../../core/math/random.ts';
import { decodeArtifact } from '../../core/policy/codec.ts';
import { compilePolicy, type Policy } from '../../core/policy/policy.ts';
import { drawAction, serveProbabilities } from '../../core/policy/serve.ts';
import { SESSION_CLOSED, type Surface } from '../../core/surface/surface.ts';
import type { ControlReader, SurfaceControl } from '../ports/control.ts';
import type { Logger } from '../ports/logger.ts';
import type { ShadowStore } from '../ports/shadows.ts';
import type { DecisionReader, DecisionRecord, Fence } from '../ports/stores.ts';

/** Versions behind `shadow` and `shadow-…` are scored on live traffic and never served by that name. */
export const isShadowAlias = (alias: string): boolean => alias === 'shadow' || alias.startsWith('shadow-');

export interface ShadowWatchOptions {
  readonly control: Pick<ControlReader, 'load' | 'loadArtifact'>;
  readonly decisions: Pick<DecisionReader, 'stream'>;
  readonly shadows: ShadowStore;
  readonly clock: () => number;
  /** Monotonic, in milliseconds with fractions. */
  readonly stopwatch: () => number;
  readonly random: Random;
  readonly logger: Logger;
}

/** Decisions of one round and candidate: a fair sample of those that have become mature since the last one. */
const SAMPLE = 2_000;
/** A candidate that is new starts with what was decided shortly before. */
const FIRST_RANGE_MS = 600_000;
const LONGEST_RANGE_MS = 3_600_000;

/**
 * Scores every shadow candidate on what was decided meanwhile: off the hot path, from the store, as it would have been
 * served — with the logged features and eligibility, the caps that are in the request, and the floor. Pacing and counters
 * are the deciders' own and are left out.
 */
export function createShadowWatch(options: ShadowWatchOptions) {
  return async (fence?: Fence): Promise<void> => {
    const { surfaces } = await options.control.load();
    for (const control of surfaces)
      for (const [alias, version] of Object.entries(control.aliases))
        if (isShadowAlias(alias)) {
          // One that fits its surface no more, or cannot be read, must not keep the others from being scored.
          await scoreOne(control, version, options, fence).catch((error: unknown) =>
            options.logger.warn(
              { error, tenant: control.tenant, surface: control.surface.name, alias, policyVersion: version },
              'a shadow candidate could not be scored',
            ),
          );
        }
  };
}

async function scoreOne(
  { tenant, surface, policies }: SurfaceControl,
  policyVersion: string,
  options: ShadowWatchOptions,
  fence: Fence | undefined,
): Promise<void> {
  const { artifactHash = null } = policies.find((policy) => policy.version === policyVersion) ?? {};
  if (artifactHash === null) return;
  const from = await options.shadows.readUntil(tenant, surface.name, policyVersion);
  const mature = options.clock() - 1000 * longestWindowSeconds(surface);
  const since = from ?? mature - FIRST_RANGE_MS;
  const until = Math.min(mature, since + LONGEST_RANGE_MS);
  if (until <= since) return;
  const bytes = await options.control.loadArtifact(artifactHash);
  const policy = compilePolicy(decodeArtifact(bytes), surface);
  const range = { tenant, surface: surface.name, from: since, until };
  const sample = await sampleOf(options.decisions.stream(range), options.random);
  let score = noShadowScore;
  for (const record of sample)
    score = mergeShadowScores(score, scoreDecision(record, surface, policy, options));
  const day = new Date(since).toISOString().slice(0, 10);
  const scored = { surface: surface.name, policyVersion, day, score };
  await options.shadows.add(tenant, scored, { from, until }, fence);
}

/** Reservoir sampling (Vitter 1985, algorithm R): every decision has the same chance, and memory is flat. */
async function sampleOf(
  records: AsyncIterable<DecisionRecord>,
  random: Random,
): Promise<readonly DecisionRecord[]> {
  const sample: DecisionRecord[] = [];
  let seen = 0;
  for await (const record of records) {
    seen++;
    if (sample.length < SAMPLE) sample.push(record);
    else {
      const at = random.integer(seen);
      if (at < SAMPLE) sample[at] = record;
    }
  }
  return sample;
}

function scoreDecision(
  record: DecisionRecord,
  surface: Surface,
  policy: Policy,
  { stopwatch }: Pick<ShadowWatchOptions, 'stopwatch'>,
): ShadowScore {
  const { decision } = record;
  const served = decision.probabilities;
  if (served.length !== surface.actions.length || decision.schemaVersion !== surface.schemaVersion)
    return noShadowScore;
  const began = stopwatch();
  const q = candidateProbabilities(record, surface, policy);
  const microseconds = 1000 * (stopwatch() - began);
  const nullAt = surface.nullAction === null ? -1 : surface.actions.indexOf(surface.nullAction);
  const action = surface.actions.indexOf(decision.action);
  const would = decision.draw === null ? -1 : drawAction(q, decision.draw);
  return {
    decisions: 1,
    sameAction: would === action ? 1 : 0,
    overlap: served.reduce((sum, p, a) => sum + Math.min(p, q[a]), 0),
    unsupported: served.some((p, a) => p === 0 && q[a] > 0) ? 1 : 0,
    servedActing: nullAt < 0 ? 1 : 1 - served[nullAt],
    candidateActing: nullAt < 0 ? 1 : 1 - q[nullAt],
    responses: responsesOf(record, surface, q[action] / decision.propensity),
    microseconds,
    slowestMicroseconds: microseconds,
  };
}

function candidateProbabilities(
  { decision }: DecisionRecord,
  surface: Surface,
  policy: Policy,
): Float64Array {
  const raw = new Float64Array(surface.actions.length);
  const out = new Float64Array(surface.actions.length);
  policy.probabilities(decision.features, decision.defaultedFeatures, raw);
  const eligible = surface.actions.map((name) => decision.eligibleActions.includes(name));
  const input = { surface, policyProbabilities: raw, eligible, values: decision.features };
  serveProbabilities({ ...input, unitCounts: () => 0, pacingFactor: 1 }, out);
  return out;
}

function responsesOf(record: DecisionRecord, surface: Surface, weight: number): ShadowScore['responses'] {
  const isClosed = record.interactions.some((interaction) => interaction.type === SESSION_CLOSED);
  const joined = joinResponses(surface, record, Infinity, isClosed);
  if (!joined.isDelivered || !joined.isComplete || !Number.isFinite(weight)) return {};
  return Object.fromEntries(
    Object.entries(joined.responses).map(([name, r]): [string, ShadowResponse] => [
      name,
      { decisions: 1, weight, weighted: weight * r, served: r },
    ]),
  );
}
