import { AllotError } from '../errors.ts';
import type { Approval, Experiment, RampBlock, Variant } from './experiment.ts';
import { BUCKET_COUNT, bucketsOf, rampState } from './ramp.ts';

/*
 * The two-key rule of experiments that say `isApprovalNeeded`: what runs was agreed to by a key that did not write it. These
 * rules are applied where a change is made, on what is stored then, so that no two steps of one key slip past each other.
 */

/** Key that wrote what the experiment says now. */
export const authorOf = ({ createdBy, revisedBy }: Experiment): string | undefined => revisedBy ?? createdBy;

const needsApproval = ({ plan }: Experiment): boolean => plan?.isApprovalNeeded === true;

/** Not of a widening: that is wanted by whoever does it, who is kept from agreeing there. */
export function refuseOwnApproval(experiment: Experiment, { by, purpose }: Approval): void {
  if (purpose === 'widen' || authorOf(experiment) !== by) return;
  throw new AllotError('forbidden', 'the key that wrote what an experiment says cannot approve it');
}

export function requireApproval(experiment: Experiment, purpose: 'start' | 'promote'): void {
  if (!needsApproval(experiment)) return;
  if (experiment.approvals?.some((approval) => approval.purpose === purpose) === true) return;
  throw conflict(experiment, `needs a second key's approval to ${purpose}`);
}

/**
 * More units than were agreed to need another key than the one that opens them. The next step of the approved plan was agreed to,
 * once the step before has lasted its time; its units are counted by the controller, which takes these steps by itself.
 */
export function requireApprovedWidening(
  experiment: Experiment,
  block: RampBlock,
  by: string | undefined,
): void {
  if (!needsApproval(experiment) || isPlanned(experiment, block)) return;
  const isAgreed = experiment.approvals?.some(
    ({ purpose, trafficShare = 0, by: other }) =>
      purpose === 'widen' && other !== by && block.toBucket <= bucketsOf(trafficShare),
  );
  if (isAgreed === true) return;
  throw conflict(
    experiment,
    `needs a second key's approval to widen to ${String(block.toBucket / BUCKET_COUNT)}`,
  );
}

function isPlanned({ plan, blocks }: Experiment, { toBucket, openedAt }: RampBlock): boolean {
  const units = Infinity;
  const state = rampState(plan?.ramp ?? null, { blocks }, { now: openedAt, unitsInBlock: units });
  return state.kind === 'ready' && bucketsOf(state.next.trafficShare) === toBucket;
}

/** Aliases are pinned at the start: one that moved in between would start what nobody approved. */
export function refuseMoved(experiment: Experiment, starting: readonly Variant[]): void {
  if (!needsApproval(experiment)) return;
  for (const [i, { name, policyVersion }] of experiment.variants.entries()) {
    if (starting[i]?.policyVersion === policyVersion) continue;
    throw conflict(
      experiment,
      `the alias of ${name} has moved since it was declared: declare and approve it anew`,
    );
  }
}

/** Once it was started it keeps needing a second key, and what runs is not changed by one alone. */
export function refuseUnwatched(current: Experiment, revised: Experiment): void {
  if (!needsApproval(current) || current.state === 'draft') return;
  if (!needsApproval(revised)) throw conflict(current, 'was started with isApprovalNeeded, which stays');
  if (current.state === 'running') {
    throw conflict(current, 'is running: pause it, revise it, and have it approved anew');
  }
}

const conflict = ({ id }: Experiment, what: string): AllotError =>
  new AllotError('state_conflict', `experiment ${id} ${what}`);
