import type { ShadowScore } from '../../core/experiment/shadow-score.ts';
import type { Fence } from './stores.ts';

export interface ShadowDay {
  readonly surface: string;
  readonly policyVersion: string;
  /** UTC, `YYYY-MM-DD`. */
  readonly day: string;
  readonly score: ShadowScore;
}

export interface ShadowStore {
  /** Up to when the candidate has been scored; null: never. */
  readUntil(tenant: string, surface: string, policyVersion: string): Promise<number | null>;
  /**
   * Adds a score and moves the mark from `from` to `until` in one step; false, and nothing, where the mark is
   * elsewhere. `state_conflict` when `fence` is not the newest leader's.
   */
  add(
    tenant: string,
    scored: ShadowDay,
    range: { readonly from: number | null; readonly until: number },
    fence?: Fence,
  ): Promise<boolean>;
  list(tenant: string, surface?: string): Promise<readonly ShadowDay[]>;
}
