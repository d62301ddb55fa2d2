import type { StudyTable } from '../study-table.ts';
import { difference, type Outcome } from './outcomes.ts';
import { signed } from './format.ts';
import type { MethodResult } from './run-study.ts';
import type { Standing } from './statistics.ts';

export type Claim = StudyTable['claims'][number];

const nameOf = ({ method }: MethodResult): string => method.name;

/** Holds when the paired interval of first − second over seeds is all above 0 (one seed: nothing is shown). */
export function isAbove(first: MethodResult, second: MethodResult, outcome: Outcome, what: string): Claim {
  return compared(first, second, outcome, what, 'above', (standing) => standing === 'above');
}

export function isBelow(first: MethodResult, second: MethodResult, outcome: Outcome, what: string): Claim {
  return compared(first, second, outcome, what, 'below', (standing) => standing === 'below');
}

/** Holds unless the paired interval proves the opposite; the difference is printed, so that a reader sees how much is open. */
export function isNotBelow(first: MethodResult, second: MethodResult, outcome: Outcome, what: string): Claim {
  return compared(first, second, outcome, what, 'not below', (standing) => standing !== 'below');
}

export function isNotAbove(first: MethodResult, second: MethodResult, outcome: Outcome, what: string): Claim {
  return compared(first, second, outcome, what, 'not above', (standing) => standing !== 'above');
}

function compared(
  first: MethodResult,
  second: MethodResult,
  outcome: Outcome,
  what: string,
  relation: string,
  holds: (standing: Standing) => boolean,
): Claim {
  const found = difference(first, second, outcome);
  const isOpen = found?.standing === 'undecided';
  const open = isOpen ? ', not resolved by these seeds' : '';
  return {
    claim: `${what} of ${nameOf(first)} is ${relation} that of ${nameOf(second)}: ${signed(found)}${open}`,
    holds: found !== null && holds(found.standing),
    ...(isOpen ? { isOpen } : {}),
  };
}

/** All of them as one line, with those that fail spelled out. */
export function together(claim: string, parts: readonly Claim[]): Claim {
  const failures = parts.filter(({ holds }) => !holds);
  return {
    claim:
      failures.length === 0
        ? `${claim} (${parts.map(({ claim: text }) => text.slice(text.indexOf(': ') + 2)).join('; ')})`
        : `${claim}; not: ${failures.map(({ claim: text }) => text).join('; ')}`,
    holds: parts.length > 0 && failures.length === 0,
    ...(failures.length > 0 && failures.every(({ isOpen }) => isOpen === true) ? { isOpen: true } : {}),
  };
}
