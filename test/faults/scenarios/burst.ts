import { setTimeout as sleep } from 'node:timers/promises';
import { oneRound } from '../../support/acknowledged.ts';
import type { Scenario } from '../scenario.ts';
import { Load } from '../support/load.ts';

const CALM_PER_SECOND = 20;
const FACTOR = 100;
const SECONDS = 2;

/** A calm stream, then for two seconds a hundred times as many rounds, sent without waiting for answers. */
export const burst: Scenario = {
  name: 'burst',
  isShort: true,
  run: async (context) => {
    const world = await context.world();
    const load = new Load(context.folder, () => world.client, {
      workers: 1,
      pauseMs: 1_000 / CALM_PER_SECOND,
    });
    await sleep(1_000);
    const rounds: Promise<void>[] = [];
    const count = CALM_PER_SECOND * FACTOR * SECONDS;
    for (let i = 0; i < count; i += 1) {
      const round = oneRound(world.client, load.file, { id: `burst-${String(i)}`, i, tally: load.tally });
      rounds.push(round.catch(() => void (load.tally.refused += 1)));
      if (i % 25 === 24) await sleep((25 * 1_000) / (CALM_PER_SECOND * FACTOR));
    }
    await Promise.all(rounds);
    await load.untilCaughtUp(world.pool, Date.now());
    await load.untilAnswered(Date.now());
    const fault = `burst: ${String(FACTOR)} × the load for ${String(SECONDS)} s`;
    return await load.outcome(fault, world.pool);
  },
};
