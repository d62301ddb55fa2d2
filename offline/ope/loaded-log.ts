import type { BanditLogFile } from '../tabular/bandit-log-file.ts';
import type { OpeSource } from './ope-result.ts';
import type { KnownBounds, OpeQuestion } from './question.ts';
import type { ValueTables } from '../../src/core/ope/sequential/value-tables.ts';
import type { Support } from '../../src/core/ope/intervals/interval-result.ts';

/** A log with everything that was named for it, whether a file or a snapshot held it. */
export interface LoadedLog extends Omit<BanditLogFile, 'hasUnits'> {
  readonly source: OpeSource;
  /** How the policy to compare with is called; null: no comparison is wanted. `opponent` null with a name: the log's own. */
  readonly opponentName: string | null;
  /** Q and V of the policy to compare with; empty: those of the evaluated policy have to do. */
  readonly opponentTables: ReadonlyMap<string, ValueTables>;
  /** Groupings whose name stands here are the surface's activity groups, the others segments. */
  readonly groupNames: ReadonlySet<string>;
  /** What a surface declares: ranges of its responses, and the largest weight that its floor allows. */
  readonly declared: { readonly rewardRanges: ReadonlyMap<string, Support>; readonly maxWeight?: number };
}

/** What is known of a response: what was said in the question, else what its surface declares. */
export function boundsFor({ declared }: LoadedLog, question: OpeQuestion, response: string): KnownBounds {
  const rewardRange = question.rewardRanges.get(response) ?? declared.rewardRanges.get(response);
  const maxWeight = question.bounds.maxWeight ?? declared.maxWeight;
  return {
    ...question.bounds,
    ...(rewardRange === undefined ? {} : { rewardRange }),
    ...(maxWeight === undefined ? {} : { maxWeight }),
  };
}
