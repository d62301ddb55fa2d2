import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultContext, Scenario } from '../scenario.ts';
import { Load } from '../support/load.ts';
import type { Part } from '../support/part.ts';

/** SIGTERM under load, and in the middle of a start: the process drains and ends by itself with code 0, and what it answered is stored. */
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
    await stopWhileStarting(context, part, load, times);
    await load.untilCaughtUp(world.pool, Date.now());
    const note = `the slowest drain took ${String(slowestMs)} ms; calls cut off without an answer: ${String(load.tally.cut)}`;
    if (load.tally.cut > 0) load.broken(`${String(load.tally.cut)} calls were cut off without an answer`);
    return await load.outcome(`SIGTERM under load × ${String(2 * times)}`, world.pool, { note });
  },
};

/** Told to stop before it has begun to answer, it ends as well: by itself with code 0, or of the signal before it could listen to it. */
async function stopWhileStarting(
  { random }: FaultContext,
  part: Part,
  load: Load,
  times: number,
): Promise<void> {
  for (let n = 0; n < times; n += 1) {
    await part.stop();
    part.start();
    await sleep(50 + 1_500 * random.uniform());
    const code = await part.stop();
    if (code !== 0 && code !== null)
      load.broken(`stopped while it started, it ended with code ${String(code)}`);
  }
  const startedAt = Date.now();
  part.start();
  await load.untilAnswered(startedAt);
}
