import type { ExperimentPlan } from './plan.ts';

/**
 * A split of units between policy versions. Variants bind versions: this is how a user switches policies.
 *
 *     draft → running ⇄ paused        by hand; a signal metric pauses too
 *     running → decided               the verdict passed, or the horizon was reached; sides are kept, the ramp stands
 *     draft, running, paused, decided → stopped
 *     running, paused, decided → rolled-back
 */
export interface Experiment {
  readonly id: string;
  readonly surface: string;
  readonly name: string;
  readonly state: ExperimentState;
  /** Mixed into the assignment hash; a new salt reshuffles units. */
  readonly salt: string;
  /** Experiments of one layer exclude each other; layers are hashed independently. */
  readonly layer: string;
  /** Share of all units kept on the champion and outside every experiment, carved first. */
  readonly holdoutShare: number;
  readonly variants: readonly Variant[];
  /** Opened so far; each block is split into treatment and control for ever. */
  readonly blocks: readonly RampBlock[];
  readonly level: number;
  /** Units that somebody put on a variant by hand (tests, employees): served, counted, never analysed. */
  readonly forcedUnits?: Readonly<Record<string, string>>;
  /** Absent on experiments of older versions and on those that are widened by hand: `planOf` fills it in. */
  readonly plan?: ExperimentPlan;
  /** Key that created it. */
  readonly createdBy?: string;
  /** Key that declared it anew last: what it says now is this key's, and somebody else's approval counts. */
  readonly revisedBy?: string;
  /** Of what it says now: a new declaration drops them. */
  readonly approvals?: readonly Approval[];
  readonly decision?: ExperimentDecision;
  /** The newest step; absent on experiments that took their last one before this was kept. All of them: the audit log. */
  readonly lastChange?: ExperimentNote & { readonly state: ExperimentState };
}

/** Who took a step, when, and why: what a person asks first of an experiment that was rolled back. */
export interface ExperimentNote {
  /** `controller`, `cli` or the id of an API key. */
  readonly by: string;
  readonly at: number;
  readonly reason: string | null;
}

export type ExperimentState = 'draft' | 'running' | 'paused' | 'decided' | 'stopped' | 'rolled-back';

export interface Variant {
  readonly name: string;
  readonly role: 'control' | 'treatment';
  /** Pinned when the experiment starts. */
  readonly policyVersion: string;
  /** What it was declared by, where that was an alias. */
  readonly alias?: string;
}

/** Buckets [from, to) of 10,000, split evenly between the variants in their order. */
export interface RampBlock {
  readonly index: number;
  readonly fromBucket: number;
  readonly toBucket: number;
  readonly openedAt: number;
}

/** A second key's word: to start it, to widen it beyond its plan, or to promote its treatment. */
export interface Approval {
  readonly by: string;
  readonly at: number;
  readonly purpose: 'start' | 'widen' | 'promote';
  /** Of `widen`: up to here. */
  readonly trafficShare?: number;
}

export interface ExperimentDecision {
  readonly verdict: VerdictState;
  readonly at: number;
  readonly reason: string;
}

export interface Assignment {
  readonly experiment: string;
  readonly variant: string;
  readonly policyVersion: string;
  /** null: the unit was put on its variant by hand. */
  readonly block: number | null;
  readonly bucket: number;
}

/** Per metric and overall; missing is never a pass. */
export type VerdictState = 'pass' | 'fail' | 'inconclusive' | 'no data';

/** States in which an experiment keeps its units: nobody else may take them. */
export const holdsUnits = ({ state }: Pick<Experiment, 'state'>): boolean =>
  state === 'running' || state === 'paused' || state === 'decided';

/** Share of the units that its blocks cover, in [0, 1]. */
export const openedShare = ({ blocks }: Pick<Experiment, 'blocks'>): number =>
  blocks.reduce((end, block) => Math.max(end, block.toBucket), 0) / 10_000;
