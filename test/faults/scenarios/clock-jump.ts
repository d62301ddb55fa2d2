import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Scenario } from '../scenario.ts';
import { Load } from '../support/load.ts';
import { startGivenWorld } from '../support/world.ts';

const hook = fileURLToPath(new URL('../hooks/clock.mjs', import.meta.url));
const HOUR_MS = 3_600_000;
/** One after the other, from the true time. Past midnight, so that a new partition is needed; then behind the ids handed out. */
const jumps = [24 * HOUR_MS, 0, -HOUR_MS, 60_000, 0];

/** The wall clock of Allot's process jumps under load. */
export const clockJump: Scenario = {
  name: 'clock-jump',
  isShort: true,
  run: async (context) => {
    const file = join(context.folder, 'clock');
    writeFileSync(file, '0');
    const world = await startGivenWorld(context, {
      parts: ['allot'],
      environment: { FAULTS_CLOCK_FILE: file, NODE_OPTIONS: `--import ${hook}` },
    });
    const load = new Load(context.folder, () => world.client);
    for (const offset of jumps) {
      await sleep(700);
      writeFileSync(file, String(offset));
      await sleep(200);
      await load.untilAnswered(Date.now());
    }
    await load.untilCaughtUp(world.pool, Date.now());
    return await load.outcome('clock jumps by +24 h, −24 h, −1 h, +61 min, −1 min', world.pool);
  },
};
