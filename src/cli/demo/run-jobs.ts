import type { AllotClient, RunRoute, RunView } from '../../client/client.ts';
import { AllotError } from '../../core/errors.ts';
import { SURFACE, type DemoContext } from './context.ts';
import { waitFor } from './wait.ts';

/** Three trainings, two at a time, on a machine that is busy with other things. */
const JOB_TIMEOUT_MS = 400_000;

/** Queues one run per config through the API, and waits for all of them; a failed run ends the demo with its reason. */
export async function runJobs(
  context: DemoContext,
  route: RunRoute,
  configs: readonly Record<string, unknown>[],
): Promise<readonly RunView[]> {
  const queued: RunView[] = [];
  for (const config of configs)
    queued.push(await context.client.startRun(route, { surface: SURFACE, config }));
  return await Promise.all(queued.map((run) => finished(context, context.client, route, run.id)));
}

function finished(
  { signal }: DemoContext,
  client: AllotClient,
  route: RunRoute,
  id: string,
): Promise<RunView> {
  const ask = async (): Promise<RunView | undefined> => {
    const run = await client.run(route, id);
    if (run.state === 'failed') throw new AllotError('internal', `${route} ${id}: ${run.error ?? 'failed'}`);
    return run.state === 'succeeded' ? run : undefined;
  };
  return waitFor(`${route} ${id}`, ask, { signal, timeoutMs: JOB_TIMEOUT_MS, everyMs: 250 });
}
