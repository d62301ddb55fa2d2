import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { SharedWorld } from './support/shared-world.ts';
import { runScenario } from './scenario.ts';
import { during, frozen, stopped } from './scenarios/postgres-away.ts';
import { startGivenWorld } from './support/world.ts';

const canFreeze = existsSync('/proc/self/stat');

describe('decisions keep coming, and their events arrive afterwards', () => {
  it(
    `with Postgres stopped${canFreeze ? ' and frozen' : ' (frozen: skipped, it needs /proc)'}`,
    { timeout: 180_000 },
    async () => {
      const outages = canFreeze ? [stopped, frozen] : [stopped];
      const rows = await runScenario(
        {
          name: 'away',
          isShort: true,
          run: async (context) => {
            const world = await startGivenWorld(context, { parts: ['allot'] });
            const rows = [];
            for (const outage of outages) rows.push(await during(context, world, outage));
            return rows;
          },
        },
        { seed: 1, kills: 0, isShort: true, shared: new SharedWorld() },
      );
      for (const row of rows) {
        expect(row).toMatchObject({ missing: 0, duplicates: 0, broken: [], unlogged: 0 });
        expect(row.accepted).toBeGreaterThan(0);
      }
    },
  );
});
