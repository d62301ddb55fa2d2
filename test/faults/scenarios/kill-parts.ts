import { setTimeout as sleep } from 'node:timers/promises';
import type { Scenario } from '../scenario.ts';
import { Load } from '../support/load.ts';
import { type GivenWorld, startGivenWorld } from '../support/world.ts';
import type { FaultContext, FaultOutcome } from '../scenario.ts';
import type { Part } from '../support/part.ts';

/** kill -9 of api, ingest and controller, each a process of its own on a given PostgreSQL, then of all at once, then with PostgreSQL. */
export const killParts: Scenario = {
  name: 'kill-parts',
  isShort: true,
  run: async (context) => {
    const world = await startGivenWorld(context, { parts: ['api', 'ingest', 'controller'] });
    const rows: FaultOutcome[] = [];
    for (const part of world.parts) rows.push(await killed(context, world, [part], part.name));
    rows.push(await killed(context, world, world.parts, 'all three'));
    if (context.isShort) return rows;
    const [api, ingest] = world.parts;
    rows.push(await killed(context, world, [api], 'api and PostgreSQL together', killPostgres));
    rows.push(await killed(context, world, [ingest], 'ingest and PostgreSQL together', killPostgres));
    return rows;
  },
};

async function killed(
  context: FaultContext,
  world: GivenWorld,
  parts: readonly Part[],
  name: string,
  alongside: (context: FaultContext, world: GivenWorld) => void = () => undefined,
): Promise<FaultOutcome> {
  const load = new Load(context.folder, () => world.client);
  for (let n = 0; n < context.kills; n += 1) {
    await sleep(200 + 1_000 * context.random.uniform());
    const killedAt = Date.now();
    alongside(context, world);
    await Promise.all(parts.map((part) => part.kill()));
    for (const part of parts) part.start();
    await load.untilAnswered(killedAt);
  }
  await load.untilCaughtUp(world.pool, Date.now());
  return await load.outcome(`kill -9 of ${name} × ${String(context.kills)}`, world.pool);
}

/** Its supervisor, in this process, starts it again on its port. */
function killPostgres({ killed }: FaultContext, { postgres }: GivenWorld): void {
  try {
    process.kill(postgres.pid, 'SIGKILL');
    killed();
  } catch {
    // The last kill came before it was up again.
  }
}
