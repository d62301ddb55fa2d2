import { InvalidArgumentError } from 'commander';

/** Parsers of option values; each refusal says the rule. */
function numberThat(rule: string, holds: (value: number) => boolean): (text: string) => number {
  return (text) => {
    const value = /^[-+.\d][-+.\de]*$/i.test(text) ? Number(text) : NaN;
    if (!Number.isFinite(value) || !holds(value)) throw new InvalidArgumentError(`It must be ${rule}.`);
    return value;
  };
}

export const finite = numberThat('a number', () => true);
export const positive = numberThat('a number above 0', (value) => value > 0);
export const notNegative = numberThat('a number of at least 0', (value) => value >= 0);
export const atLeastOne = numberThat('a number of at least 1', (value) => value >= 1);
export const openUnit = numberThat('a number between 0 and 1', (value) => value > 0 && value < 1);
export const halfOpenUnit = numberThat('above 0 and at most 1', (value) => value > 0 && value <= 1);
export const closedUnit = numberThat('a number from 0 to 1', (value) => value >= 0 && value <= 1);
export const positiveInteger = numberThat(
  'a whole number of at least 1',
  (v) => Number.isSafeInteger(v) && v >= 1,
);
export const wholeNumber = numberThat(
  'a whole number of at least 0',
  (v) => Number.isSafeInteger(v) && v >= 0,
);
export const integer = numberThat('a whole number', (value) => Number.isSafeInteger(value));

/** min ≤ n ≤ max, both whole. */
export const wholeNumberBetween = (min: number, max: number): ((text: string) => number) =>
  numberThat(
    `a whole number from ${String(min)} to ${String(max)}`,
    (value) => Number.isSafeInteger(value) && value >= min && value <= max,
  );
