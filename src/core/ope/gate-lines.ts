import { constraintVerdict } from '../constraint/verdict.ts';
import type { ConstraintSpec } from '../surface/surface.ts';
import type { Bounds } from './gate-evidence.ts';
import type { GateLine } from './gate-verdict.ts';
import { shortNumber } from './trouble.ts';

type Known = Exclude<Bounds, { readonly unknown: string }>;

export const undecidedLine = (name: string, reason: string, threshold: number | null): GateLine => ({
  name,
  state: 'undecided',
  bound: null,
  threshold,
  reason,
});

/** Holds when LCB(difference to the champion) ≥ −margin; violated when UCB < −margin. */
export function marginLine(name: string, bounds: Bounds, margin: number, units: number): GateLine {
  const threshold = -margin;
  if ('unknown' in bounds) return undecidedLine(name, bounds.unknown, threshold);
  const weak = weakness(name, bounds, threshold);
  if (weak !== null) return weak;
  const { lower, upper } = bounds;
  const limit = `−${shortNumber(margin)}`;
  if (lower >= threshold) {
    const reason = `the difference to the champion is at least ${shortNumber(lower)}, the margin is ${limit}`;
    return { name, state: 'holds', bound: lower, threshold, reason };
  }
  if (upper < threshold) {
    const reason = `the difference to the champion is at most ${shortNumber(upper)}, below the margin of ${limit}`;
    return { name, state: 'violated', bound: upper, threshold, reason };
  }
  const reason =
    `the difference to the champion is in ${interval(bounds)}, which contains the margin of ${limit}; ` +
    enough(bounds, threshold, units);
  return { name, state: 'undecided', bound: lower, threshold, reason };
}

/**
 * Holds when the bound towards the threshold is on its good side, violated when the other bound is on its bad side.
 *
 * @param exact the quantity itself where it is known without sampling error
 * @param units of the log, to say how many would be enough
 */
export function constraintLine(
  name: string,
  constraint: ConstraintSpec,
  bounds: Bounds,
  exact: number | null,
  units: number,
): GateLine {
  const { threshold, direction } = constraint;
  if ('unknown' in bounds) return undecidedLine(name, bounds.unknown, threshold);
  const weak = weakness(name, bounds, threshold);
  if (weak !== null) return weak;
  const state = { satisfied: 'holds', violated: 'violated', undecided: 'undecided' } as const;
  const verdict = constraintVerdict(constraint, bounds);
  const found = exact === null ? `in ${interval(bounds)}` : shortNumber(exact);
  const rule = `${direction === 'at-most' ? 'at most' : 'at least'} ${shortNumber(threshold)}`;
  const towards = (direction === 'at-most') === (verdict !== 'violated') ? bounds.upper : bounds.lower;
  const needed = verdict === 'undecided' ? `; ${enough(bounds, threshold, units)}` : '';
  return {
    name,
    state: state[verdict],
    bound: exact ?? towards,
    threshold,
    reason: `the candidate's value is ${found}, it must be ${rule}${needed}`,
  };
}

/** Weak evidence is enough for a look and never for the gate, in either direction. */
function weakness(name: string, { weaknesses, lower, upper }: Known, threshold: number): GateLine | null {
  if (weaknesses.length === 0) return null;
  const reasons = [...new Set(weaknesses.map(({ code, reason }) => `${code}: ${reason}`))].join('; ');
  const reason = `${interval({ lower, upper })} rests on weak evidence (${reasons})`;
  return { name, state: 'undecided', bound: null, threshold, reason };
}

/**
 * How many units would decide if the estimate stays where it is: the width shrinks with √units, and the nearer bound
 * must reach the threshold.
 */
function enough(
  { lower, upper }: { lower: number; upper: number },
  threshold: number,
  units: number,
): string {
  const middle = (lower + upper) / 2;
  const half = (upper - lower) / 2;
  const distance = Math.abs(middle - threshold);
  if (distance < half / 100)
    return 'the estimate lies on the margin itself: no amount of such data decides soon';
  return `about ${Math.ceil(units * (half / distance) ** 2)} units like these ${units} would decide`;
}

const interval = ({ lower, upper }: { lower: number; upper: number }): string =>
  `[${shortNumber(lower)}, ${shortNumber(upper)}]`;
