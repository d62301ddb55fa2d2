import { mkdirSync, rmSync } from 'node:fs';
import type { AllotConfig } from '../../config/config.ts';
import { childEnvironment } from '../../config/env.ts';
import { loadOrCreateSecrets } from '../../config/secrets.ts';
import { createRandom } from '../../core/math/random.ts';
import type { Logger } from '../../observability/logger.ts';
import { createMetrics } from '../../observability/metrics.ts';
import { liveFeedSurface } from '../../simulation/surface.ts';
import { defaultFeedWorld } from '../../simulation/world.ts';
import { startAllot } from '../local/start-allot.ts';
import type { Progress } from '../progress.ts';
import { SURFACE, TENANT, WINDOW_SECONDS, type DemoContext } from './context.ts';
import { countingMetrics } from './counting-metrics.ts';
import { demoPlace, seededSecrets, type DemoOptions } from './demo-config.ts';
import { demoClient } from './prepare.ts';
import { runLoop } from './run-loop.ts';
import type { DemoSummary } from './summary.ts';

export interface RunningDemo {
  readonly summary: DemoSummary;
  /** The overview page, with a key that opens it. */
  readonly pageUrl: string;
  close(): Promise<void>;
}

const LOOK_INTERVAL_MS = 2_000;

/** Starts a whole Allot and runs the loop on it; the caller closes it, before or after people looked at its pages. */
export async function runDemo(
  config: AllotConfig,
  options: DemoOptions,
  io: { readonly progress: Progress; readonly logger: Logger; readonly signal: AbortSignal },
): Promise<RunningDemo> {
  const startedAt = performance.now();
  const place = demoPlace(config, options);
  mkdirSync(place.config.dataDir, { recursive: true });
  const cleanUp = (): void => {
    if (place.isTemporary && !options.keep) rmSync(place.config.dataDir, { recursive: true, force: true });
  };
  try {
    const secrets = place.isTemporary
      ? seededSecrets(options.seed)
      : loadOrCreateSecrets(place.config.secretsFile);
    const counting = countingMetrics(createMetrics());
    io.progress.step(config.databaseUrl === null ? 'starting PostgreSQL and Allot' : 'starting Allot');
    const allot = await startAllot(place.config, {
      logger: io.logger,
      metrics: counting.metrics,
      secrets,
      lookIntervalMs: LOOK_INTERVAL_MS,
      jobsAtOnce: 2,
    });
    const close = async (): Promise<void> => {
      await allot.close();
      cleanUp();
    };
    try {
      await allot.ready;
      const { client, key } = await demoClient(allot);
      const before = await allot.stores.decisions.counts(TENANT, SURFACE);
      const context: DemoContext = {
        allot,
        client,
        world: defaultFeedWorld,
        surface: liveFeedSurface(defaultFeedWorld, { name: SURFACE, windowSeconds: WINDOW_SECONDS }),
        random: createRandom(options.seed),
        // Grows with every run on the same database and is the same for a fresh one, so a seed repeats its demo.
        tag: `r${before.decisions.toString(36)}`,
        dataDir: place.config.dataDir,
        childEnvironment: childEnvironment(place.config, allot.databaseUrl),
        progress: io.progress,
        signal: io.signal,
        clock: Date.now,
      };
      const result = await runLoop(context, { units: options.units, seed: options.seed, before });
      const summary: DemoSummary = {
        ...result,
        duplicatesDropped: counting.counts().duplicates,
        transport: config.kafka === null ? 'journal' : 'kafka',
        seconds: Math.round((performance.now() - startedAt) / 100) / 10,
        url: allot.url,
      };
      return { summary, pageUrl: `${allot.url}/?key=${key}`, close };
    } catch (error) {
      await allot.close();
      throw error;
    }
  } catch (error) {
    cleanUp();
    throw error;
  }
}
