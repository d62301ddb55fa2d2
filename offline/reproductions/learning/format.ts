import type { Paired, SeedMean } from './statistics.ts';

/** Digits that show a number of this size, for people. */
export function digitsFor(value: number): number {
  const size = Math.abs(value);
  return size >= 100 ? 1 : size >= 10 ? 2 : size >= 1 ? 3 : 4;
}

export function number(value: number, digits = digitsFor(value)): string {
  return value.toFixed(digits).replace('-', '−');
}

/** `123.4 ± 2.1`: mean and half the width of its interval. */
export function withInterval(mean: SeedMean | null, digits?: number): string {
  if (mean === null) return '–';
  const shown = digits ?? digitsFor(mean.mean);
  return mean.upper === null
    ? number(mean.mean, shown)
    : `${number(mean.mean, shown)} ± ${number(mean.upper - mean.mean, shown)}`;
}

/** `+1.23 [0.45, 2.01]` */
export function signed(difference: Paired | null): string {
  if (difference === null) return 'not known';
  const { mean, lower, upper } = difference;
  const digits = digitsFor(Math.max(Math.abs(mean), Math.abs(lower ?? 0), Math.abs(upper ?? 0)));
  const sign = mean > 0 ? '+' : '';
  return lower === null || upper === null
    ? `${sign}${number(mean, digits)}`
    : `${sign}${number(mean, digits)} [${number(lower, digits)}, ${number(upper, digits)}]`;
}

export const percent = (share: number, digits = 1): string => `${(100 * share).toFixed(digits)} %`;
