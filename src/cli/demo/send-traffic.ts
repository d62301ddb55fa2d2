import { TENANT, WINDOW_SECONDS, type DemoContext } from './context.ts';
import { feedApiOf } from './feed-client.ts';
import { driveUnits, type SentTraffic } from './traffic.ts';
import { pause, waitFor } from './wait.ts';

export interface StoredCounts {
  readonly decisions: number;
  readonly exposures: number;
  readonly interactions: number;
}

export const storedCounts = (context: DemoContext): Promise<StoredCounts & { readonly orphans: number }> =>
  context.allot.stores.decisions.counts(TENANT, context.surface.name);

/** Fresh units through the HTTP API. `name` tells phases of one run apart. */
export function sendUnits(context: DemoContext, name: string, units: number): Promise<SentTraffic> {
  return driveUnits(feedApiOf(context.client), {
    world: context.world,
    surface: context.surface.name,
    unitPrefix: `${context.tag}-${name}`,
    units,
    random: context.random.fork(name),
    clock: context.clock,
    onDecisions: (count) => context.progress.advance(count),
    signal: context.signal,
  });
}

/** Waits until the store holds every event that was sent, no more and no less. */
export async function waitUntilStored(
  context: DemoContext,
  before: StoredCounts,
  sent: StoredCounts,
): Promise<StoredCounts> {
  return await waitFor(
    'ingest to store what was sent',
    async () => {
      const now = await storedCounts(context);
      const arrived = {
        decisions: now.decisions - before.decisions,
        exposures: now.exposures - before.exposures,
        interactions: now.interactions - before.interactions,
      };
      const isComplete =
        arrived.decisions === sent.decisions &&
        arrived.exposures === sent.exposures &&
        arrived.interactions === sent.interactions;
      return isComplete ? arrived : undefined;
    },
    { signal: context.signal, timeoutMs: 60_000 },
  );
}

/** Waits until the windows of everything decided before `lastDecisionAt` have closed. */
export const waitUntilMature = (context: DemoContext, lastDecisionAt: number): Promise<void> =>
  pause(lastDecisionAt + 1000 * WINDOW_SECONDS + 200 - context.clock(), context.signal);
