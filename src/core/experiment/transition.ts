import { AllotError } from '../errors.ts';
import { refuseMoved, refuseOwnApproval, refuseUnwatched, requireApproval } from './approval.ts';
import type {
  Approval,
  Experiment,
  ExperimentDecision,
  ExperimentNote,
  ExperimentState,
  RampBlock,
  Variant,
} from './experiment.ts';
import { reRandomisingChanges } from './ramp.ts';

/** One step of an experiment's life: applied whole or not at all, and only from the states that it names. */
export interface ExperimentChange {
  readonly from: readonly ExperimentState[];
  readonly to: ExperimentState;
  /** Must be the next one: a step that was taken already is not taken again. */
  readonly openBlock?: RampBlock;
  /** At the start: versions behind aliases as they stand now, and the moment at which the first block opens. */
  readonly start?: { readonly variants: readonly Variant[]; readonly at: number };
  readonly approval?: Approval;
  readonly decision?: ExperimentDecision;
  readonly note?: ExperimentNote;
  /** A new declaration; while units are held it must not touch who is on which side. */
  readonly revised?: Experiment;
}

/** The experiment after a change; `state_conflict` when it may not be made, which also makes repeats harmless. */
export function changedExperiment(current: Experiment, change: ExperimentChange): Experiment {
  const { id, state } = current;
  if (!change.from.includes(state)) {
    const needed = change.from.join(' or ');
    throw new AllotError(
      'state_conflict',
      `experiment ${id} is ${state}; it must be ${needed} to become ${change.to}`,
    );
  }
  refuseAlone(current, change);
  const lastChange = change.note === undefined ? current.lastChange : { ...change.note, state: change.to };
  const next: Experiment = {
    ...revisedExperiment(current, change.revised),
    state: change.to,
    blocks: blocksAfter(current, change),
    ...(change.start === undefined ? {} : { variants: change.start.variants }),
    ...(change.approval === undefined ? {} : { approvals: [...(current.approvals ?? []), change.approval] }),
    ...(change.decision === undefined ? {} : { decision: change.decision }),
    ...(lastChange === undefined ? {} : { lastChange }),
  };
  return next;
}

/** One key alone does not start, resume or change what needs two. */
function refuseAlone(current: Experiment, { to, approval, revised, start }: ExperimentChange): void {
  if (approval !== undefined) refuseOwnApproval(current, approval);
  if (revised !== undefined) refuseUnwatched(current, revised);
  if (to === 'running' && current.state !== 'running') requireApproval(current, 'start');
  if (start !== undefined) refuseMoved(current, start.variants);
}

function revisedExperiment(current: Experiment, revised: Experiment | undefined): Experiment {
  if (revised === undefined) return current;
  const moved = current.state === 'draft' ? [] : reRandomisingChanges(current, revised);
  if (moved.length === 0) return withoutApprovals(revised);
  throw new AllotError(
    'state_conflict',
    `experiment ${current.id} is ${current.state}: changing ${moved.join(', ')} would move units to another side`,
  );
}

const withoutApprovals = ({ approvals: _, ...revised }: Experiment): Experiment => revised;

function blocksAfter({ id, blocks }: Experiment, { openBlock, start, revised }: ExperimentChange) {
  const kept = revised?.blocks ?? blocks;
  const dated = start === undefined ? kept : kept.map((block) => ({ ...block, openedAt: start.at }));
  if (openBlock === undefined) return dated;
  const end = dated.reduce((last, block) => Math.max(last, block.toBucket), 0);
  if (openBlock.index !== dated.length || openBlock.fromBucket < end) {
    throw new AllotError(
      'state_conflict',
      `experiment ${id}: block ${String(openBlock.index)} is open already`,
    );
  }
  return [...dated, openBlock];
}
