import { setTimeout as sleep } from 'node:timers/promises';
import type { Scenario } from '../scenario.ts';
import { Load } from '../support/load.ts';

/** SIGTERM under load: the process drains and ends by itself with code 0, and what it answered is stored. */
export const sigterm: Scenario = {
  name: 'sigterm',
  isShort: true,
  run: async (context) => {
    const world = await context.world();
    const [part] = world.parts;
    const load = new Load(context.folder, () => world.client, { workers: 8 });
    const times = Math.max(1, context.kills);
    let slowestMs = 0;
    for (let n = 0; n < times; n += 1) {
      await sleep(300 + 700 * context.random.uniform());
      const toldAt = Date.now();
      const code = await part.stop();
      const endedAt = Date.now();
      slowestMs = Math.max(slowestMs, endedAt - toldAt);
      if (code !== 0) load.broken(`it ended with code ${String(code)}`);
      part.start();
      await load.untilAnswered(endedAt);
    }
    await load.untilCaughtUp(world.pool, Date.now());
    const note = `the slowest drain took ${String(slowestMs)} ms; calls cut off without an answer: ${String(load.tally.cut)}`;
    if (load.tally.cut > 0) load.broken(`${String(load.tally.cut)} calls were cut off without an answer`);
    return await load.outcome(`SIGTERM under load × ${String(times)}`, world.pool, { note });
  },
};
