import type { Logger } from '../service/ports/logger.ts';
import type { Metrics } from '../service/ports/metrics.ts';
import type { RunKind } from '../service/ports/runs.ts';
import { startPeriodic } from './periodic.ts';

const EVERY_MS = 60_000;

export interface JobWatchOptions {
  /** For each kind, how long ago the oldest open run was made. */
  readonly oldestOpen: () => Promise<Readonly<Record<RunKind, number>>>;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'openRuns'>;
  readonly intervalMs?: number;
}

/** Tells how long offline jobs have been open, running or not begun: one that never ends finishes nowhere. Every controller tells. */
export function startJobWatch(options: JobWatchOptions): { stop(): Promise<void> } {
  const { oldestOpen, logger, metrics, intervalMs = EVERY_MS } = options;
  const work = async (): Promise<void> => metrics.openRuns(await oldestOpen());
  const rounds = startPeriodic(intervalMs, work, (error) =>
    logger.warn({ error }, 'open jobs could not be counted; the next round tries again'),
  );
  rounds.now();
  return rounds;
}
