import { regularisedBeta } from '../math/incomplete-beta.ts';
import { variantIndex } from './assign.ts';
import type { Experiment } from './experiment.ts';
import type { HealthPlan } from './plan.ts';
import { checkSampleRatio } from './sample-ratio.ts';

export interface HealthCheck {
  readonly name:
    'sample-ratio' | 'delivery' | 'completeness' | 'multiple-assignment' | 'traffic' | 'outcomes';
  readonly state: 'ok' | 'failing' | 'no data';
  readonly reason: string;
}

export interface HealthInput {
  readonly experiment: Experiment;
  readonly plan: HealthPlan;
  readonly now: number;
  /** In the order of the experiment's variants. */
  readonly variants: readonly VariantHealth[];
  /** First assignment of the newest unit; null: none yet. */
  readonly lastAssignedAt: number | null;
  /** Newest decisions whose feedback is due, and how many of them have any. */
  readonly recent: FeedbackShare;
  /** The same over all units that have entered. */
  readonly before: FeedbackShare;
}

export interface VariantHealth {
  readonly assignedUnits: number;
  readonly multipleUnits: number;
  readonly closedUnits: number;
  readonly undeliveredUnits: number;
  readonly incompleteUnits: number;
}

export interface FeedbackShare {
  readonly decisions: number;
  readonly delivered: number;
  readonly answered: number;
}

/**
 * Whether the numbers of an experiment may be trusted; asked before the verdict. Who arrives, whose first decision was not
 * delivered, and whose outcome stayed incomplete: each must fall on the variants in their shares, whatever the policies do,
 * so each is one sequential multinomial test (anytime-valid).
 */
export function checkHealth(input: HealthInput): readonly HealthCheck[] {
  const { variants } = input;
  return [
    split(
      input,
      'sample-ratio',
      'units',
      variants.map((v) => v.assignedUnits),
    ),
    split(
      input,
      'delivery',
      'units whose first decision was not delivered',
      variants.map((v) => v.undeliveredUnits),
    ),
    split(
      input,
      'completeness',
      'units with an incomplete outcome',
      variants.map((v) => v.incompleteUnits),
    ),
    multipleAssignment(variants),
    traffic(input),
    outcomes(input),
  ];
}

/** Shares of the buckets that each variant owns in the open blocks; equal but for a bucket. */
export function bucketShares({
  blocks,
  variants,
}: Pick<Experiment, 'blocks' | 'variants'>): readonly number[] {
  const owned = variants.map(() => 0);
  for (const block of blocks)
    for (let bucket = block.fromBucket; bucket < block.toBucket; bucket++)
      owned[variantIndex(block, variants.length, bucket)]++;
  const total = owned.reduce((a, b) => a + b, 0);
  return owned.map((count) => (total === 0 ? 1 / variants.length : count / total));
}

function split(
  { experiment, plan }: HealthInput,
  name: HealthCheck['name'],
  what: string,
  counts: readonly number[],
): HealthCheck {
  const check = checkSampleRatio(counts, bucketShares(experiment), plan.alpha);
  const shown = `${what}: ${counts.map((count, i) => `${experiment.variants[i].name} ${String(count)}`).join(', ')}`;
  if (check.state === 'no data')
    return { name, state: name === 'sample-ratio' ? 'no data' : 'ok', reason: shown };
  const p = check.sequentialPValue ?? 1;
  return {
    name,
    state: check.state === 'mismatch' ? 'failing' : 'ok',
    reason: `${shown} (p = ${p.toPrecision(2)})`,
  };
}

/** Some change of ids is normal (a log-in); more than this is a broken assignment. */
const MULTIPLE_SHARE = 0.01;
const MULTIPLE_UNITS = 10;

function multipleAssignment(variants: readonly VariantHealth[]): HealthCheck {
  const multiple = variants.reduce((sum, v) => sum + v.multipleUnits, 0);
  const all = variants.reduce((sum, v) => sum + v.assignedUnits, 0);
  const isFailing = multiple >= MULTIPLE_UNITS && multiple > MULTIPLE_SHARE * all;
  return {
    name: 'multiple-assignment',
    state: isFailing ? 'failing' : 'ok',
    reason: `${String(multiple)} of ${String(all)} units were seen on more than one side`,
  };
}

function traffic({ experiment, plan, now, lastAssignedAt }: HealthInput): HealthCheck {
  const since = Math.max(lastAssignedAt ?? -Infinity, ...experiment.blocks.map((block) => block.openedAt));
  const seconds = (now - since) / 1000;
  const isSilent = experiment.state === 'running' && seconds > plan.noTrafficSeconds;
  const reason =
    lastAssignedAt === null
      ? `no unit yet, ${seconds.toFixed(0)} s after the last block opened`
      : `the last new unit came ${((now - lastAssignedAt) / 1000).toFixed(0)} s ago`;
  return { name: 'traffic', state: isSilent ? 'failing' : 'ok', reason };
}

/** Fewer decisions than this say nothing about a pipeline. */
export const ENOUGH_DECISIONS = 20;
/** Of its usual share; what remains may be a quiet hour, less is a pipeline that stands still. */
const LOST_SHARE = 0.5;
/** Of so little feedback at the usual share (binomial): few decisions of a surface that is rarely answered prove nothing. */
const LOST_CHANCE = 1e-6;

function outcomes({ recent, before }: HealthInput): HealthCheck {
  const name = 'outcomes';
  if (recent.decisions < ENOUGH_DECISIONS) {
    return { name, state: 'ok', reason: 'too few decisions whose feedback is due' };
  }
  const reasons = [
    lost('exposures', recent.delivered, recent, usual(before.delivered, before, 0.2)),
    lost('interactions', recent.answered, recent, usual(before.answered, before, 0)),
  ];
  const failing = reasons.filter((reason) => reason !== null);
  return failing.length > 0
    ? { name, state: 'failing', reason: failing.join('; ') }
    : { name, state: 'ok', reason: 'feedback keeps up with decisions' };
}

interface Usual {
  readonly share: number;
  /** Of units that have entered; not assumed. */
  readonly isMeasured: boolean;
}

const usual = (count: number, { decisions }: FeedbackShare, otherwise: number): Usual =>
  decisions < ENOUGH_DECISIONS
    ? { share: otherwise, isMeasured: false }
    : { share: count / decisions, isMeasured: true };

function lost(
  what: string,
  count: number,
  { decisions }: FeedbackShare,
  { share, isMeasured }: Usual,
): string | null {
  if (count / decisions >= LOST_SHARE * share) return null;
  // Even where all had feedback so far, the next may lack it.
  const chance = isMeasured ? binomialTail(count, decisions, Math.min(share, 0.99)) : 0;
  if (chance > LOST_CHANCE) return null;
  const percent = (x: number): string => (100 * x).toFixed(0);
  return `${what}: ${percent(count / decisions)} % of the newest decisions have any, ${percent(share)} % had`;
}

/** P(X ≤ k) for X ~ Bin(n, p), k < n. */
const binomialTail = (k: number, n: number, p: number): number => regularisedBeta(1 - p, n - k, k + 1);
