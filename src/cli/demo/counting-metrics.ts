import type { MetricsWithText } from '../../observability/metrics.ts';

export interface IngestCounts {
  readonly duplicates: number;
  readonly deadLetters: number;
}

/** The real metrics, with two sums read off for the summary. */
export function countingMetrics(metrics: MetricsWithText): {
  readonly metrics: MetricsWithText;
  readonly counts: () => IngestCounts;
} {
  let duplicates = 0;
  let deadLetters = 0;
  return {
    metrics: {
      ...metrics,
      eventsIngested(kind, outcome, count) {
        if (outcome === 'duplicate') duplicates += count;
        metrics.eventsIngested(kind, outcome, count);
      },
      deadLettered(reason, count) {
        deadLetters += count;
        metrics.deadLettered(reason, count);
      },
    },
    counts: () => ({ duplicates, deadLetters }),
  };
}
