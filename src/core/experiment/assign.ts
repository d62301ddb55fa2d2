import { deriveKey, hashToUniform, sipHashOfParts } from '../math/siphash.ts';
import { holdsUnits, type Assignment, type Experiment, type RampBlock } from './experiment.ts';

export const BUCKETS = 10_000;

/**
 * Bucket of a unit: ⌊10,000 · u⌋ with u from SipHash-2-4 over the length-prefixed parts, under a key that is derived from
 * the assignment key for this purpose alone, so that assignment never correlates with draws. Version 1; the golden
 * vectors in test/fixtures/golden/assignment.json pin it.
 */
function bucketOf(assignmentKey: Uint8Array, ...parts: readonly string[]): number {
  let key = derivedKeys.get(assignmentKey);
  if (key === undefined) {
    key = deriveKey(assignmentKey, 'allot/assignment/v1');
    derivedKeys.set(assignmentKey, key);
  }
  return Math.floor(hashToUniform(sipHashOfParts(key, parts)) * BUCKETS);
}

/** Deriving costs two hashes and would be repeated for every experiment of every decision. */
const derivedKeys = new WeakMap<Uint8Array, Uint8Array>();

/** Bucket of the unit inside an experiment: depends on layer and salt, so layers are independent of each other. */
export function experimentBucket(
  assignmentKey: Uint8Array,
  experiment: Pick<Experiment, 'layer' | 'salt'>,
  unitId: string,
): number {
  return bucketOf(assignmentKey, 'experiment', experiment.layer, experiment.salt, unitId);
}

/**
 * Is this unit kept on the champion and outside every experiment? Holdouts nest: a unit that a share of 1 % holds out is
 * also held out by 5 %, and no salt reshuffles them.
 *
 * @param holdoutShare in [0, 1]
 */
export function isInHoldout(assignmentKey: Uint8Array, holdoutShare: number, unitId: string): boolean {
  if (holdoutShare <= 0) return false;
  return bucketOf(assignmentKey, 'holdout', unitId) < holdoutShare * BUCKETS;
}

/**
 * The one experiment of the surface that a unit takes part in, or null: the champion decides.
 *
 * Units that were put on a variant by hand first; then the holdout; then, among the experiments that hold units and have
 * opened a block with the unit's bucket, the one whose block opened earliest (ties: smaller id). A later block therefore
 * never pulls a unit out of where it already is, and nobody changes side while an experiment runs. A paused experiment
 * keeps its units on the champion: were others to take them, they would come back from another experiment's treatment.
 */
export function assign(
  assignmentKey: Uint8Array,
  experiments: readonly Experiment[],
  unitId: string,
): Assignment | null {
  let winner: { experiment: Experiment; block: RampBlock; bucket: number } | null = null;
  for (const experiment of experiments) {
    if (!holdsUnits(experiment) || experiment.variants.length === 0) continue;
    const forced = forcedAssignment(assignmentKey, experiment, unitId);
    if (forced !== null) return forced;
    if (isInHoldout(assignmentKey, experiment.holdoutShare, unitId)) continue;
    const bucket = experimentBucket(assignmentKey, experiment, unitId);
    const block = experiment.blocks.find((b) => bucket >= b.fromBucket && bucket < b.toBucket);
    if (block === undefined || (winner !== null && !isEarlier(experiment, block, winner))) continue;
    winner = { experiment, block, bucket };
  }
  if (winner === null || winner.experiment.state === 'paused') return null;
  const { experiment, block, bucket } = winner;
  const variant = experiment.variants[variantIndex(block, experiment.variants.length, bucket)];
  return {
    experiment: experiment.id,
    variant: variant.name,
    policyVersion: variant.policyVersion,
    block: block.index,
    bucket,
  };
}

function forcedAssignment(
  assignmentKey: Uint8Array,
  experiment: Experiment,
  unitId: string,
): Assignment | null {
  const { forcedUnits } = experiment;
  if (forcedUnits === undefined || experiment.state === 'paused' || !Object.hasOwn(forcedUnits, unitId))
    return null;
  const variant = experiment.variants.find(({ name }) => name === forcedUnits[unitId]);
  if (variant === undefined) return null;
  return {
    experiment: experiment.id,
    variant: variant.name,
    policyVersion: variant.policyVersion,
    block: null,
    bucket: experimentBucket(assignmentKey, experiment, unitId),
  };
}

/**
 * Is this unit kept from the looks until the decision? Hashed by the experiment's salt alone, so independent of its side,
 * and known to the analysis without the assignment key.
 *
 * @param share in [0, 1)
 */
export function isHeldOut(salt: string, share: number, unitId: string): boolean {
  return share > 0 && hashToUniform(sipHashOfParts(heldOutKey, ['held-out', salt, unitId])) < share;
}

const heldOutKey = new Uint8Array(16);

/** The block's buckets in equal consecutive parts, one per variant in order; sizes differ by at most one bucket. */
export function variantIndex(block: RampBlock, variantCount: number, bucket: number): number {
  const width = block.toBucket - block.fromBucket;
  return Math.floor(((bucket - block.fromBucket) * variantCount) / width);
}

function isEarlier(
  experiment: Experiment,
  block: RampBlock,
  than: { readonly experiment: Experiment; readonly block: RampBlock },
): boolean {
  if (block.openedAt !== than.block.openedAt) return block.openedAt < than.block.openedAt;
  return experiment.id < than.experiment.id;
}
