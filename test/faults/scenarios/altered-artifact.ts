import { statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultOutcome, Scenario } from '../scenario.ts';
import { Load } from '../support/load.ts';
import { untilReady } from '../support/world.ts';

/**
 * The bytes of the champion are cut, or one of them changed, in the registry: the deciders refuse them and go on with
 * what they had. Then, with PostgreSQL away, the last good copy on the disk is cut as well.
 */
export const alteredArtifact: Scenario = {
  name: 'altered-artifact',
  isShort: true,
  run: async (context) => {
    const world = await context.world();
    const rows: FaultOutcome[] = [];
    const { champion: whole } = (await world.client.surface('live-feed')).aliases;
    context.defer(() => world.client.setAlias('live-feed', 'champion', whole));
    const damages = {
      'cut in half': 'substring(bytes from 1 for length(bytes) / 2)',
      'with a byte changed': 'set_byte(bytes, length(bytes) - 2, get_byte(bytes, length(bytes) - 2) # 1)',
    };
    let live = 0.4;
    for (const [what, expression] of Object.entries(damages)) {
      const load = new Load(context.folder, () => world.client);
      const { version, artifactHash } = await world.client.publishFixedPolicy('live-feed', {
        none: 1 - live,
        live,
      });
      live -= 0.1;
      await world.pool.query(`update artifacts set bytes = ${expression} where hash = $1`, [artifactHash]);
      await world.client.setAlias('live-feed', 'champion', version);
      await sleep(2_500);
      await load.untilAnswered(Date.now());
      await load.stop();
      const served = load.file
        .lines()
        .filter((line) => line.kind === 'decision' && line.answer.policyVersion === version);
      if (served.length > 0) load.broken(`${String(served.length)} decisions by the altered artifact`);
      rows.push(await load.outcome(`champion's artifact ${what}`, world.pool));
    }
    const [part] = world.parts;
    const load = new Load(context.folder, () => world.client);
    world.postgres.proxy.swallow();
    const killedAt = Date.now();
    await part.kill();
    cutNewest(join(world.dataDir, 'last-good-control.bin'));
    part.start();
    await load.untilAnswered(killedAt);
    await sleep(500);
    world.postgres.proxy.pass({ reset: true });
    rows.push(await load.outcome('last good copy cut, started without PostgreSQL', world.pool));
    await untilReady(world.client, part);
    return rows;
  },
};

/** The newest copy is cut; the one before it is whole. */
function cutNewest(file: string): void {
  truncateSync(file, statSync(file).size >> 1);
}
