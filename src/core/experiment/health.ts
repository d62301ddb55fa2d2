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
  const shown = `${what} ${counts.join(' : ')}`;
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
const ENOUGH_DECISIONS = 20;
/** Of its usual share; what remains may be chance or a quiet hour, less is a pipeline that stands still. */
const LOST_SHARE = 0.5;

function outcomes({ recent, before }: HealthInput): HealthCheck {
  const name = 'outcomes';
  if (recent.decisions < ENOUGH_DECISIONS) {
    return { name, state: 'ok', reason: 'too few decisions whose feedback is due' };
  }
  const reasons = [
    lost('exposures', recent.delivered / recent.decisions, usual(before.delivered, before.decisions, 0.2)),
    lost('interactions', recent.answered / recent.decisions, usual(before.answered, before.decisions, 0)),
  ];
  const failing = reasons.filter((reason) => reason !== null);
  return failing.length > 0
    ? { name, state: 'failing', reason: failing.join('; ') }
    : { name, state: 'ok', reason: 'feedback keeps up with decisions' };
}

const usual = (count: number, decisions: number, otherwise: number): number =>
  decisions < ENOUGH_DECISIONS ? otherwise : count / decisions;

const lost = (what: string, now: number, before: number): string | null =>
  now < LOST_SHARE * before
    ? `${what}: ${(100 * now).toFixed(0)} % of the newest decisions have any, ${(100 * before).toFixed(0)} % had`
    : null;
