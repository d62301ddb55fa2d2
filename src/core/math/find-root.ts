import { invariant } from '../check.ts';

export interface RootOptions {
  /** Absolute width of the last bracket; 0 asks for the last bit. */
  readonly tolerance?: number;
}

const MAX_STEPS = 400;

/**
 * A root of f between `low` and `high`, where f changes its sign: the Illinois form of false position, with a bisection
 * whenever a step has not halved the bracket. So it never leaves the bracket, needs about ten evaluations for a smooth f
 * and at most twice as many as bisection for any other. A jump through zero is found like a root.
 *
 * Source: Dowell and Jarratt 1971 (Illinois); the safeguard is Dekker's.
 *
 * @returns the end of the last bracket with the smaller |f|
 */
export function findRoot(
  f: (x: number) => number,
  low: number,
  high: number,
  options: RootOptions = {},
): number {
  let a = low;
  let b = high;
  let fa = f(a);
  let fb = f(b);
  if (fa === 0) return a;
  if (fb === 0) return b;
  invariant(fa < 0 !== fb < 0, 'a root is bracketed by a change of sign');
  // What the secant uses; Illinois halves the value of an end that stays twice.
  let ga = fa;
  let gb = fb;
  let isBisection = false;
  for (let i = 0; i < MAX_STEPS && !isClosed(a, b, options.tolerance ?? 0); i++) {
    const width = Math.abs(b - a);
    const x = isBisection ? a + (b - a) / 2 : inside(a, b, (a * gb - b * ga) / (gb - ga));
    const fx = f(x);
    if (fx === 0) return x;
    if (fx < 0 === fa < 0) {
      a = x;
      fa = fx;
      ga = fx;
      gb /= 2;
    } else {
      b = x;
      fb = fx;
      gb = fx;
      ga /= 2;
    }
    isBisection = !isBisection && !(Math.abs(b - a) <= width / 2);
    if (isBisection) [ga, gb] = [fa, fb];
  }
  return Math.abs(fa) <= Math.abs(fb) ? a : b;
}

const isClosed = (a: number, b: number, tolerance: number): boolean =>
  Math.abs(b - a) <= Math.max(tolerance, Number.EPSILON * Math.max(Math.abs(a), Math.abs(b)));

/** A secant point that is not a number, or on an end, is replaced by the middle. */
function inside(a: number, b: number, x: number): number {
  return x > Math.min(a, b) && x < Math.max(a, b) ? x : a + (b - a) / 2;
}
