import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultContext, Scenario } from '../scenario.ts';
import { Load } from '../support/load.ts';
import { type OwnWorld, startOwnWorld } from '../support/world.ts';

/** kill -9 of `allot start` under load, alone and together with its PostgreSQL, at moments of the seed's choice. */
export const killEverything: Scenario = {
  name: 'kill-allot-start',
  isShort: true,
  run: async (context) => {
    const world = await startOwnWorld(context);
    const rows = [];
    for (const isGroup of [false, true]) {
      const load = new Load(context.folder, () => world.client);
      for (let n = 0; n < context.kills; n += 1) {
        await sleep(200 + 1_500 * context.random.uniform());
        const killedAt = Date.now();
        await kill(context, world, isGroup);
        world.part.start();
        await load.untilAnswered(killedAt);
      }
      await load.untilCaughtUp(world.pool, Date.now());
      const what = isGroup ? 'and its PostgreSQL together' : 'alone';
      rows.push(await load.outcome(`kill -9 of allot start, ${what} × ${String(context.kills)}`, world.pool));
    }
    return rows;
  },
};

async function kill(
  { killed }: FaultContext,
  { part, postmasterPid }: OwnWorld,
  isGroup: boolean,
): Promise<void> {
  if (isGroup) {
    try {
      process.kill(postmasterPid(), 'SIGKILL');
      killed();
    } catch {
      // The last kill came before it was up again.
    }
  }
  await part.kill();
}
