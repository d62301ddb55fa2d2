import { AllotError } from '../errors.ts';
import {
  refuseMoved,
  refuseOwnApproval,
  refuseUnwatched,
  requireApproval,
  requireApprovedWidening,
} from './approval.ts';
import type {
  Approval,
  Experiment,
  ExperimentDecision,
  ExperimentNote,
  ExperimentState,
  RampBlock,
  Variant,
} from './experiment.ts';
import { judgementOf, rejudgingChanges, reRandomisingChanges } from './frozen-fields.ts';

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
  /** An alias of its surface that moves in the same step; needs whoever must agree to a promotion. */
  readonly promotes?: { readonly alias: string; readonly version: string };
  /** A new declaration; once started it must not touch who is on which side, nor what looks are judged by. */
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
  const blocks = blocksBefore(current, change);
  if (change.openBlock !== undefined)
    requireApprovedWidening({ ...current, blocks }, change.openBlock, change.note?.by);
  const next: Experiment = {
    ...revisedExperiment(current, change.revised),
    state: change.to,
    blocks: withBlock(id, blocks, change.openBlock),
    ...(change.start === undefined ? {} : { variants: change.start.variants }),
    ...(change.approval === undefined ? {} : { approvals: [...(current.approvals ?? []), change.approval] }),
    ...(change.decision === undefined ? {} : { decision: change.decision }),
    ...(lastChange === undefined ? {} : { lastChange }),
  };
  return next;
}

/** What the audit log keeps of a step. */
export const detailsOf = (
  current: Experiment,
  { to, openBlock, approval, revised }: ExperimentChange,
): Readonly<Record<string, unknown>> => ({
  from: current.state,
  to,
  openBlock: openBlock ?? null,
  ...(approval === undefined
    ? {}
    : { approval: approval.purpose, trafficShare: approval.trafficShare ?? null }),
  ...(revised === undefined ? {} : { judgement: judgementOf(revised) }),
});

/** One key alone does not start, resume or change what needs two. */
function refuseAlone(current: Experiment, change: ExperimentChange): void {
  const { to, approval, revised, start, promotes } = change;
  if (approval !== undefined) refuseOwnApproval(current, approval);
  if (revised !== undefined) refuseUnwatched(current, revised);
  if (to === 'running' && current.state !== 'running') requireApproval(current, 'start');
  if (promotes !== undefined) requireApproval(current, 'promote');
  if (start !== undefined) refuseMoved(current, start.variants);
}

function revisedExperiment(current: Experiment, revised: Experiment | undefined): Experiment {
  if (revised === undefined) return current;
  if (current.state === 'draft') return withoutApprovals(revised);
  refuseChanges(current, reRandomisingChanges(current, revised), 'would move units to another side');
  refuseChanges(current, rejudgingChanges(current, revised), 'would judge anew what was looked at already');
  return withoutApprovals(revised);
}

function refuseChanges({ id, state }: Experiment, changed: readonly string[], consequence: string): void {
  if (changed.length === 0) return;
  const what = `changing ${changed.join(', ')} ${consequence}`;
  throw new AllotError('state_conflict', `experiment ${id} is ${state}: ${what}`);
}

const withoutApprovals = ({ approvals: _, ...revised }: Experiment): Experiment => revised;

/** Those that are open, with the moment at which they opened. */
function blocksBefore({ blocks }: Experiment, { start, revised }: ExperimentChange): readonly RampBlock[] {
  const kept = revised?.blocks ?? blocks;
  return start === undefined ? kept : kept.map((block) => ({ ...block, openedAt: start.at }));
}

function withBlock(id: string, blocks: readonly RampBlock[], openBlock: RampBlock | undefined) {
  if (openBlock === undefined) return blocks;
  const end = blocks.reduce((last, block) => Math.max(last, block.toBucket), 0);
  if (openBlock.index !== blocks.length || openBlock.fromBucket < end) {
    throw new AllotError(
      'state_conflict',
      `experiment ${id}: block ${String(openBlock.index)} is open already`,
    );
  }
  return [...blocks, openBlock];
}
