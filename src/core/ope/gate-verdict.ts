import type { Estimand } from './report.ts';

/** The gate's answer about one candidate, bound to the artifact and the snapshot that it saw. */
export interface GateVerdict {
  readonly verdict: 'promote' | 'refuse' | 'insufficient evidence';
  readonly reasons: readonly string[];
  readonly lines: readonly GateLine[];
  readonly artifactHash: string;
  readonly snapshotHash: string;
}

/** One condition: the bound that was looked at, against its threshold. */
export interface GateLine {
  readonly name: string;
  /** What the bound is a bound of; left out where a line is about no value (artifact, health, student). */
  readonly estimand?: Estimand;
  readonly state: 'holds' | 'violated' | 'undecided';
  readonly bound: number | null;
  readonly threshold: number | null;
  readonly reason: string;
}
