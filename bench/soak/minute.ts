import { quantileOfSorted } from '../../src/core/math/quantile.ts';
import type { LoadTaken } from './load.ts';
import type { Sample } from './sampler.ts';
import { round } from '../support/figures.ts';

/** One row of the table: latencies in ms from the moment a request was due, the highest (heap: also lowest) of 60 samples. */
export interface Minute {
  readonly minute: number;
  readonly decisions: number;
  readonly refused: number;
  readonly fallbacks: number;
  readonly exposures: number;
  readonly interactions: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  /** From the write to the answer: without what the generator was late. */
  readonly serviceP99Ms: number;
  readonly heapMinMb: number;
  readonly heapMaxMb: number;
  readonly rssMb: number;
  readonly journalRecords: number;
  readonly journalAgeMs: number;
  readonly loopDelayMs: number;
  readonly databaseMb: number;
}

export function minuteOf(
  minute: number,
  { latencies, serviceTimes, refused, feedback }: LoadTaken,
  samples: readonly Sample[],
  { fallbacks, databaseMb }: { readonly fallbacks: number; readonly databaseMb: number },
): Minute {
  const highest = (of: keyof Sample): number => round(Math.max(...samples.map((sample) => sample[of])));
  return {
    minute,
    decisions: latencies.length,
    refused: refused + feedback.refused,
    fallbacks,
    exposures: feedback.exposures,
    interactions: feedback.interactions,
    p50Ms: round(quantileOfSorted(latencies, 0.5)),
    p99Ms: round(quantileOfSorted(latencies, 0.99)),
    p999Ms: round(quantileOfSorted(latencies, 0.999)),
    serviceP99Ms: round(quantileOfSorted(serviceTimes, 0.99)),
    heapMinMb: round(Math.min(...samples.map(({ heapMb }) => heapMb))),
    heapMaxMb: highest('heapMb'),
    rssMb: highest('rssMb'),
    journalRecords: highest('journalRecords'),
    journalAgeMs: highest('journalAgeMs'),
    loopDelayMs: highest('loopDelayMs'),
    databaseMb: Math.round(databaseMb),
  };
}
