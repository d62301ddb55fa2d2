import { InvalidArgumentError } from 'commander';
import type { LookColumns } from '../../../offline/tabular/look-file.ts';
import type { SeriesOptions } from '../../core/experiment/statistics/look-series.ts';

/** The options of `allot looks`. */
export interface LooksFlags extends Omit<LookColumns, 'binary'> {
  readonly binary?: readonly string[] | true;
  readonly level: number;
  readonly method: SeriesOptions['method'];
  readonly guardrail?: SeriesOptions['margin'];
  readonly direction: 'up' | 'down';
  readonly minUnits: number;
  readonly tunedAt?: number;
  readonly mixtureSd?: number;
  readonly everyLook?: true;
  readonly failOn?: 'fail' | 'inconclusive';
  readonly json?: true;
}

/** `0.02` in the unit of the metric, `0.5%` of control's mean. */
export function marginOf(text: string): SeriesOptions['margin'] {
  const isRelative = text.trim().endsWith('%');
  const number = text.trim().replace(/%$/, '');
  const value = number === '' ? NaN : Number(number);
  if (!(value >= 0 && Number.isFinite(value)) || (isRelative && value >= 100)) {
    throw new InvalidArgumentError(
      'It must be a number of at least 0, or a percentage of control below 100%.',
    );
  }
  return { size: isRelative ? value / 100 : value, isRelative };
}

export const seriesOptions = (flags: LooksFlags): SeriesOptions => ({
  method: flags.method,
  // 1 − 0.95 is 0.050000000000000044; the error that was meant is printed.
  alpha: Number((1 - flags.level).toPrecision(12)),
  better: flags.direction === 'up' ? 'higher' : 'lower',
  margin: flags.guardrail ?? { size: 0, isRelative: false },
  minUnits: flags.minUnits,
  tunedAt: flags.tunedAt ?? null,
  mixtureDeviation: flags.mixtureSd ?? null,
});
