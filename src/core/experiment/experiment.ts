/** A split of units between policy versions. Variants bind versions: this is how a user switches policies. */
export interface Experiment {
  readonly id: string;
  readonly surface: string;
  readonly name: string;
  readonly state: 'draft' | 'running' | 'paused' | 'stopped' | 'rolled-back';
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
}

export interface Variant {
  readonly name: string;
  readonly role: 'control' | 'treatment';
  readonly policyVersion: string;
}

/** Buckets [from, to) of 10,000, split evenly between the variants in their order. */
export interface RampBlock {
  readonly index: number;
  readonly fromBucket: number;
  readonly toBucket: number;
  readonly openedAt: number;
}

export interface Assignment {
  readonly experiment: string;
  readonly variant: string;
  readonly policyVersion: string;
  readonly block: number;
  readonly bucket: number;
}

/** Per metric and overall; missing is never a pass. */
export type VerdictState = 'pass' | 'fail' | 'inconclusive' | 'no data';
