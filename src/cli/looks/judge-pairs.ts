import type { LookFile, LookPair } from '../../../offline/tabular/look-file.ts';
import {
  judgeSeries,
  type SeriesOptions,
  type SeriesVerdict,
} from '../../core/experiment/statistics/look-series.ts';

export interface JudgedPair {
  readonly pair: LookPair;
  readonly verdict: SeriesVerdict;
}

export const judgePairs = (file: LookFile, options: SeriesOptions): JudgedPair[] =>
  file.pairs.map((pair) => ({ pair, verdict: judgeSeries(pair.looks, options) }));

/** What `--json` prints for a pair; keys are part of the interface. */
export function pairJson(
  { pair, verdict }: JudgedPair,
  timeLabel: LookFile['timeLabel'],
  isEveryLook: boolean,
): Readonly<Record<string, unknown>> {
  const { last, firstDecisive } = verdict;
  const relative = last?.relative ?? null;
  return {
    experiment: pair.experiment,
    variant: pair.variant,
    metric: pair.metric,
    looks: pair.looks.length,
    firstDecisiveTime: firstDecisive === null ? null : timeLabel(firstDecisive.time),
    state: verdict.state,
    effect: last?.effect ?? null,
    relativeEffect:
      relative === null ? null : { value: relative.value, lower: relative.lower, upper: relative.upper },
    finalLookState: last?.state ?? 'no data',
    finalTime: last === null ? null : timeLabel(last.time),
    units: last?.units ?? null,
    reason: verdict.reason,
    warnings: pair.warnings,
    ...(isEveryLook
      ? {
          verdicts: verdict.looks.map(({ time, state, reason, effect, pValue }) => ({
            time: timeLabel(time),
            state,
            effect,
            pValue,
            ...(reason === null ? {} : { reason }),
          })),
        }
      : {}),
  };
}
