import { rmSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AllotApiError } from '../../../src/client/client.ts';
import type { FaultContext, FaultOutcome, Scenario } from '../scenario.ts';
import { Load } from '../support/load.ts';
import { type GivenWorld, untilReady } from '../support/world.ts';

const REFUSED = 'a policy artifact was refused';
const REFUSED_WITHIN_MS = 20_000;

/** What becomes of the stored artifact of that hash. */
type Damage = (world: GivenWorld, hash: string) => Promise<unknown>;

const changed =
  (expression: string): Damage =>
  ({ pool }, hash) =>
    pool.query(`update artifacts set bytes = ${expression} where hash = $1`, [hash]);

/** Whole, with the right hash, and of a surface that another team declared. */
const exchanged: Damage = async ({ client, pool }, hash) => {
  const actions = ['none', 'video'];
  const responses = [{ name: 'watch', role: 'main' as const, max: 100, windowSeconds: 60 }];
  await client.declareSurface('other-feed', { actions, features: [], responses });
  const other = await client.publishFixedPolicy('other-feed', { none: 0.5, video: 0.5 });
  await pool.query('update policy_versions set artifact_hash = $2 where artifact_hash = $1', [
    hash,
    other.artifactHash,
  ]);
};

const damages: readonly (readonly [string, Damage])[] = [
  ['cut in half', changed('substring(bytes from 1 for length(bytes) / 2)')],
  [
    'with a byte changed',
    changed('set_byte(bytes, length(bytes) - 2, get_byte(bytes, length(bytes) - 2) # 1)'),
  ],
  ['of another surface', exchanged],
];

/**
 * The bytes of the champion are cut, or one of them changed, in the registry, or they are another surface's: the deciders
 * refuse them and go on with what they had. Then, with PostgreSQL away, the last good copy on the disk is cut, and lost.
 */
export const alteredArtifact: Scenario = {
  name: 'altered-artifact',
  isShort: true,
  run: async (context) => {
    const world = await context.world();
    const rows: FaultOutcome[] = [];
    const { champion: whole } = (await world.client.surface('live-feed')).aliases;
    context.defer(() => world.client.setAlias('live-feed', 'champion', whole));
    for (const [n, damage] of damages.entries())
      rows.push(await altered(context, world, damage, 0.4 - n / 10));
    rows.push(await withoutStore(context, world, 'cut'), await withoutStore(context, world, 'lost'));
    return rows;
  },
};

async function altered(
  context: FaultContext,
  world: GivenWorld,
  [what, damage]: (typeof damages)[number],
  live: number,
): Promise<FaultOutcome> {
  const [part] = world.parts;
  const load = new Load(context.folder, () => world.client);
  const { version, artifactHash } = await world.client.publishFixedPolicy('live-feed', {
    none: 1 - live,
    live,
  });
  await damage(world, String(artifactHash));
  const refusals = (): number => part.said.split(REFUSED).length;
  const before = refusals();
  await world.client.setAlias('live-feed', 'champion', version);
  for (let waited = 0; refusals() === before; waited += 20) {
    if (waited > REFUSED_WITHIN_MS) {
      load.broken('the service did not report that it refused the artifact');
      break;
    }
    await sleep(20);
  }
  await sleep(300);
  await load.untilAnswered(Date.now());
  await load.stop();
  const served = load.file
    .lines()
    .filter((line) => line.kind === 'decision' && line.answer.policyVersion === version);
  if (served.length > 0) load.broken(`${String(served.length)} decisions by that artifact`);
  return await load.outcome(`champion's artifact ${what}`, world.pool);
}

/**
 * A start without PostgreSQL. The copy before the newest is whole: it serves. Without any copy nothing is known, neither keys
 * nor surfaces, and so no safe action either: 503 until PostgreSQL is back.
 */
async function withoutStore(
  context: FaultContext,
  world: GivenWorld,
  copy: 'cut' | 'lost',
): Promise<FaultOutcome> {
  const [part] = world.parts;
  const load = new Load(context.folder, () => world.client);
  const file = join(world.dataDir, 'last-good-control.bin');
  world.postgres.proxy.swallow();
  const killedAt = Date.now();
  await part.kill();
  if (copy === 'cut') truncateSync(file, statSync(file).size >> 1);
  else for (const each of [file, `${file}.previous`]) rmSync(each);
  part.start();
  if (copy === 'cut') await load.untilAnswered(killedAt);
  else await untilRefused(world, load);
  await sleep(500);
  const backAt = Date.now();
  world.postgres.proxy.pass({ reset: true });
  if (copy === 'lost') await load.untilAnswered(backAt);
  await untilReady(world.client, part);
  return await load.outcome(`last good copy ${copy}, started without PostgreSQL`, world.pool);
}

/** Waits until the process listens, and then wants to be told that the store is away. */
async function untilRefused({ client, parts: [part] }: GivenWorld, load: Load): Promise<void> {
  for (;;) {
    try {
      const { isReady, reasons } = await client.ready();
      if (isReady) load.broken('it said that it is ready, and knows neither keys nor surfaces');
      if (!reasons.some((reason) => reason.startsWith('no control state'))) load.broken('it did not say why');
      break;
    } catch {
      if (!part.isRunning) throw new Error(`${part.name} ended:\n${part.said}`);
      await sleep(20);
    }
  }
  const refusal = await client.surfaces().then(
    () => null,
    (error: unknown) => (error instanceof AllotApiError ? error.problem : null),
  );
  if (refusal?.code !== 'store_unavailable' || !refusal.retryable)
    load.broken(`instead of store_unavailable: ${String(refusal?.code)}`);
}
