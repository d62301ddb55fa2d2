import { addArrivals, chiSquarePValue, noArrivals, type ArrivalEvidence } from './sequential-multinomial.ts';

/** Units that arrived in one span of time. */
export interface Arrivals {
  readonly time: number;
  /** New units by variant. */
  readonly counts: readonly number[];
  /** θ_i ≥ 0, summing to 1. */
  readonly shares: readonly number[];
}

export interface ArrivalVerdict {
  readonly verdict: 'ok' | 'mismatch' | 'no data';
  /** Of the test that gave the verdict. */
  readonly pValue: number | null;
  readonly test: 'chi-square' | 'sequential-multinomial';
  readonly chiSquarePValue: number | null;
  /** The smallest min(1, 1/BF) so far: valid however often one looked. */
  readonly sequentialPValue: number | null;
  /** First time at which the sequential p-value was at most α. */
  readonly firstAlarm: number | null;
  readonly looks: number;
  readonly observed: readonly number[];
  readonly expected: readonly number[];
}

/** Pearson's approximation wants this many expected units everywhere. */
const ENOUGH_EXPECTED = 5;

/**
 * Did units arrive in the declared shares? One look: Pearson's chi-square (the sequential test where a variant expects fewer than five
 * units). Several looks: the sequential multinomial test, because a chi-square that is read again and again alarms too often.
 *
 * @param arrivals in any order; sorted by time here.
 * @param alpha of the whole series, in (0, 1).
 */
export function judgeArrivals(
  variants: number,
  arrivals: readonly Arrivals[],
  alpha: number,
): ArrivalVerdict {
  let evidence: ArrivalEvidence = noArrivals(variants);
  let smallest = 1;
  let firstAlarm: number | null = null;
  for (const { time, counts, shares } of [...arrivals].sort((a, b) => a.time - b.time)) {
    evidence = addArrivals(evidence, counts, shares);
    smallest = Math.min(smallest, Math.exp(-evidence.logBayesFactor));
    if (smallest <= alpha) firstAlarm ??= time;
  }
  const { observed, expected } = evidence;
  const chiSquare = chiSquarePValue(observed, expected);
  const isOneLook = arrivals.length === 1 && expected.every((e) => e === 0 || e >= ENOUGH_EXPECTED);
  const known = { looks: arrivals.length, observed, expected, firstAlarm };
  const test = isOneLook ? 'chi-square' : 'sequential-multinomial';
  if (chiSquare === null || variants < 2) {
    const nothing = { pValue: null, chiSquarePValue: null, sequentialPValue: null };
    return { verdict: 'no data', test, ...nothing, ...known };
  }
  const pValue = isOneLook ? chiSquare : smallest;
  const verdict = pValue <= alpha ? 'mismatch' : 'ok';
  const alarmAt = isOneLook ? (verdict === 'mismatch' ? arrivals[0].time : null) : firstAlarm;
  return {
    verdict,
    pValue,
    test,
    chiSquarePValue: chiSquare,
    sequentialPValue: smallest,
    ...known,
    firstAlarm: alarmAt,
  };
}
