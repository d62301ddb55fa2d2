import { describe, expect, it } from 'vitest';
import { SharedWorld } from './support/shared-world.ts';
import { runScenario } from './scenario.ts';
import { killEverything } from './scenarios/kill-everything.ts';

describe('kill -9 under load loses no acknowledged event and stores none twice', () => {
  it('of the process alone and of process and Postgres together', { timeout: 180_000 }, async () => {
    const rows = await runScenario(killEverything, {
      seed: 20261124,
      kills: 1,
      isShort: true,
      shared: new SharedWorld(),
    });
    expect(rows).toHaveLength(2);
    for (const row of rows) {
      expect(row).toMatchObject({ missing: 0, duplicates: 0, broken: [] });
      expect(row.accepted).toBeGreaterThan(0);
    }
  });
});
