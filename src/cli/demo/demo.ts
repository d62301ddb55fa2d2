import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { AllotClient } from '../../client/client.ts';
import type { AllotConfig } from '../../config/config.ts';
import { childEnvironment } from '../../config/env.ts';
import { secretsOf } from '../../compose/secrets.ts';
import { createRandom } from '../../core/math/random.ts';
import type { Logger } from '../../observability/logger.ts';
import { createMetrics, type MetricsWithText } from '../../observability/metrics.ts';
import { liveFeedSurface } from '../../simulation/surface.ts';
import { defaultFeedWorld } from '../../simulation/world.ts';
import { startAllot, type RunningAllot } from '../local/start-allot.ts';
import type { Progress } from '../progress.ts';
import { SURFACE, TENANT, WINDOW_SECONDS, type DemoContext } from './context.ts';
import { countingMetrics } from './counting-metrics.ts';
import { demoPlace, seededSecrets, type DemoOptions, type DemoPlace } from './demo-config.ts';
import { demoClient } from './prepare.ts';
import { runLoop } from './run-loop.ts';
import type { StoredCounts } from './send-traffic.ts';
import type { DemoSummary } from './summary.ts';

export interface RunningDemo {
  readonly summary: DemoSummary;
  /** The overview page, with a key that opens it. */
  readonly pageUrl: string;
  close(): Promise<void>;
}

const LOOK_INTERVAL_MS = 2_000;

interface DemoIo {
  readonly progress: Progress;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** Starts a whole Allot and runs the loop on it; the caller closes it, before or after people looked at its pages. */
export async function runDemo(config: AllotConfig, options: DemoOptions, io: DemoIo): Promise<RunningDemo> {
  const startedAt = performance.now();
  const place = demoPlace(config, options);
  mkdirSync(place.config.dataDir, { recursive: true });
  const closing: (() => Promise<void>)[] = [];
  if (place.isTemporary && !options.keep) {
    closing.push(() => rm(place.config.dataDir, { recursive: true, force: true }));
  }
  const close = async (): Promise<void> => {
    for (const step of closing.splice(0).reverse()) await step();
  };
  try {
    const counting = countingMetrics(createMetrics());
    io.progress.step(config.databaseUrl === null ? 'starting PostgreSQL and Allot' : 'starting Allot');
    const allot = await startDemoServer(place, options, counting.metrics, io);
    closing.push(() => allot.close());
    await allot.ready;
    const { client, key } = await demoClient(allot);
    const before = await allot.stores.decisions.counts(TENANT, SURFACE);
    const context = contextOf(place, options, { allot, client, before, io });
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
    await close();
    throw error;
  }
}

function startDemoServer(
  { config, isTemporary }: DemoPlace,
  { seed }: DemoOptions,
  metrics: MetricsWithText,
  { logger, signal }: DemoIo,
): Promise<RunningAllot> {
  const secrets = isTemporary ? seededSecrets(seed) : secretsOf(config);
  const pace = { lookIntervalMs: LOOK_INTERVAL_MS, jobsAtOnce: 2 };
  return startAllot(config, { logger, metrics, secrets, signal, ...pace });
}

function contextOf(
  { config }: DemoPlace,
  { seed }: DemoOptions,
  parts: {
    readonly allot: RunningAllot;
    readonly client: AllotClient;
    readonly before: StoredCounts;
    readonly io: DemoIo;
  },
): DemoContext {
  return {
    allot: parts.allot,
    client: parts.client,
    world: defaultFeedWorld,
    surface: liveFeedSurface(defaultFeedWorld, { name: SURFACE, windowSeconds: WINDOW_SECONDS }),
    random: createRandom(seed),
    // Grows with every run on the same database and is the same for a fresh one, so a seed repeats its demo.
    tag: `r${parts.before.decisions.toString(36)}`,
    dataDir: config.dataDir,
    childEnvironment: childEnvironment(config, parts.allot.databaseUrl),
    progress: parts.io.progress,
    signal: parts.io.signal,
    clock: Date.now,
  };
}
