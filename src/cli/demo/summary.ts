import type { GateVerdict } from '../../core/ope/gate-verdict.ts';
import type { VerdictState } from '../../core/experiment/experiment.ts';

export interface ValueWithInterval {
  readonly value: number;
  readonly lower: number;
  readonly upper: number;
}

export interface CandidateSummary {
  readonly name: string;
  readonly algorithm: string;
  readonly version: string;
  readonly verdict: GateVerdict['verdict'];
  readonly reasons: readonly string[];
  /** Off-policy value of the main response, served with the surface's floor; null: refused. */
  readonly estimate: (ValueWithInterval & { readonly estimator: string }) | null;
  readonly differenceToChampion: ValueWithInterval | null;
  readonly health: { readonly effectiveSampleSize: number; readonly meanWeight: number } | null;
  readonly reportUrl: string;
}

/** What `allot demo --json` prints, as one object. Counts are of this run only. */
export interface DemoSummary {
  readonly surface: string;
  readonly decisions: number;
  readonly exposures: number;
  readonly interactions: number;
  readonly duplicatesDropped: number;
  readonly lateEvents: number;
  readonly snapshot: { readonly rows: number; readonly units: number; readonly hash: string } | null;
  readonly candidates: readonly CandidateSummary[];
  readonly experiment: {
    readonly id: string | null;
    readonly verdict: VerdictState;
    readonly reasons: readonly string[];
    readonly effect: ValueWithInterval | null;
    readonly forecast: ValueWithInterval | null;
    readonly units: Readonly<Record<string, number>>;
    readonly sampleRatio: string;
    readonly looks: number;
  };
  /** The world's own answer, by Monte-Carlo: what the challenger truly adds per decision, and its error. */
  readonly truth: { readonly value: number; readonly standardError: number } | null;
  readonly champion: string;
  readonly trainingBackend: string;
  readonly transport: 'journal' | 'kafka';
  readonly seconds: number;
  readonly url: string;
}
