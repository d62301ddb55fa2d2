import type { OpeLimits } from '../../core/ope/limits.ts';

/** A flag for every limit: its name on the command line, the limit, and what it means. */
export const limitFlags: readonly {
  readonly flag: string;
  readonly limit: keyof OpeLimits;
  readonly meaning: string;
}[] = [
  {
    flag: 'min-effective-sample',
    limit: 'minEffectiveSampleSize',
    meaning: 'unusable below this effective sample size, by unit',
  },
  {
    flag: 'max-unit-share',
    limit: 'maxUnitShare',
    meaning: 'unusable when one unit holds more of the weight',
  },
  {
    flag: 'mean-weight-tolerance',
    limit: 'meanWeightTolerance',
    meaning: 'unusable when the mean weight is off 1 by more, and by more than --mean-weight-errors',
  },
  { flag: 'mean-weight-errors', limit: 'meanWeightErrors', meaning: 'standard errors for the line above' },
  {
    flag: 'max-unsupported',
    limit: 'maxUnsupportedFraction',
    meaning: 'unusable when more of the evaluated policy is on actions that the log never shows',
  },
  {
    flag: 'sum-tolerance',
    limit: 'sumTolerance',
    meaning: 'how far a row of probabilities may miss a sum of 1',
  },
  {
    flag: 'weak-effective-sample',
    limit: 'weakEffectiveSampleSize',
    meaning: 'weak (a warning) below this effective sample size',
  },
  {
    flag: 'weak-mean-weight',
    limit: 'weakMeanWeightTolerance',
    meaning: 'weak when the mean weight is off 1 by more',
  },
  {
    flag: 'weak-unsupported',
    limit: 'weakUnsupportedFraction',
    meaning: 'weak when more of the evaluated policy is without support',
  },
  { flag: 'min-events', limit: 'minEvents', meaning: 'weak when a response has fewer events' },
];

const camel = (flag: string): string =>
  flag.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** The limits that were given on the command line. */
export function givenLimits(options: Readonly<Record<string, unknown>>): Partial<OpeLimits> {
  const given = limitFlags.flatMap(({ flag, limit }) => {
    const value = options[camel(flag)];
    return typeof value === 'number' ? [[limit, value] as const] : [];
  });
  return Object.fromEntries(given);
}
