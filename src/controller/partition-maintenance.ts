import type { Logger } from '../service/ports/logger.ts';
import type { Metrics } from '../service/ports/metrics.ts';
import { startPeriodic } from './periodic.ts';

/** Midnight, a weekend and an outage of the controller find their tables ready. */
export const DAYS_AHEAD = 7;
const HOUR_MS = 3_600_000;

export interface MaintenanceOptions {
  readonly makeAhead: (
    today: string,
    days: number,
  ) => Promise<{ readonly aheadDays: number; readonly made: number }>;
  readonly clock: () => number;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'partitionsMaintained'>;
  readonly intervalMs?: number;
}

/**
 * Makes the partitions of the next days, at once and every hour. Every controller may do it, leading or not: the database
 * lets one maker in at a time and the others find the work done.
 */
export function startPartitionMaintenance(options: MaintenanceOptions): { stop(): Promise<void> } {
  const { makeAhead, clock, logger, metrics } = options;
  const work = async (): Promise<void> => {
    const made = await makeAhead(new Date(clock()).toISOString().slice(0, 10), DAYS_AHEAD);
    metrics.partitionsMaintained(made);
    if (made.made > 0) logger.info(made, 'partitions made ahead of time');
  };
  const onError = (error: unknown): void =>
    logger.warn(
      { error },
      'partitions were not made ahead; the next round tries again, ingest makes its own',
    );
  const first = work().catch(onError);
  const rounds = startPeriodic(options.intervalMs ?? HOUR_MS, work, onError);
  return {
    async stop() {
      await rounds.stop();
      await first;
    },
  };
}
