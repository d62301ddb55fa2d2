import type { LookPair } from '../../../tabular/look-file.ts';
import {
  judgeSeries,
  type SeriesOptions,
  type SeriesVerdict,
} from '../../../../src/core/experiment/statistics/look-series.ts';

/** What a decision while looking looks like from the end of the experiment. */
export type Outcome =
  | 'stopped early, final sign'
  | 'stopped at the last look'
  | 'stopped against a significant final'
  | 'stopped, final undecided'
  | 'not stopped, final significant'
  | 'not stopped, final undecided'
  | 'no data';

export const outcomes: readonly Outcome[] = [
  'stopped early, final sign',
  'stopped at the last look',
  'stopped against a significant final',
  'stopped, final undecided',
  'not stopped, final significant',
  'not stopped, final undecided',
  'no data',
];

export const usual: SeriesOptions = {
  method: 'confidence-sequence',
  alpha: 0.05,
  better: 'higher',
  margin: { size: 0, isRelative: false },
  minUnits: 100,
  tunedAt: null,
  mixtureDeviation: null,
};

export interface Classified {
  readonly pair: LookPair;
  readonly outcome: Outcome;
  /** Looks until the stop, as a share of all looks with data; null: not stopped. */
  readonly stoppedAt: number | null;
}

/** A method's decisions while looking against the final estimate, a Welch test of the whole experiment. */
export function classify(pair: LookPair, methods: readonly SeriesOptions['method'][]): readonly Classified[] {
  const final = judgeSeries(pair.looks, { ...usual, method: 'fixed' });
  return methods.map((method) => {
    const found = method === 'fixed' ? final : judgeSeries(pair.looks, { ...usual, method });
    const stop = found.firstDecisive;
    const withData = found.looks.filter(({ state }) => state !== 'no data');
    const at = stop === null ? null : withData.indexOf(stop) + 1;
    return {
      pair,
      outcome: outcomeOf(final, found),
      stoppedAt: at === null ? null : at / withData.length,
    };
  });
}

function outcomeOf(final: SeriesVerdict, { firstDecisive: stop, last }: SeriesVerdict): Outcome {
  if (final.state === 'no data' || last === null) return 'no data';
  if (stop === null)
    return final.state === 'inconclusive' ? 'not stopped, final undecided' : 'not stopped, final significant';
  if (final.state === 'inconclusive') return 'stopped, final undecided';
  if (stop.state !== final.state) return 'stopped against a significant final';
  return stop === last ? 'stopped at the last look' : 'stopped early, final sign';
}
