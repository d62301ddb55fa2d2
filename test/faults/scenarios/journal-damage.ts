import { appendFileSync, closeSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultContext, FaultOutcome, Scenario } from '../scenario.ts';
import { type RecordOnDisk, pendingRecords } from '../support/journal-files.ts';
import { Load } from '../support/load.ts';
import type { GivenWorld } from '../support/world.ts';

/** kill -9 with records waiting, then a tail as a torn write leaves it, then bytes flipped in the middle. */
export const journalDamage: Scenario = {
  name: 'journal-damage',
  isShort: true,
  run: async (context) => {
    const world = await context.world();
    return [
      await damaged(context, world, 'journal torn at the tail', tear, 'torn tail cut'),
      await damaged(context, world, 'journal damaged in the middle', flip, 'damaged records skipped'),
    ];
  },
};

/** Damages the files, and says which records nobody can read any more. */
type Damage = (records: readonly RecordOnDisk[]) => readonly RecordOnDisk[];

/** Half a record behind the last whole one: nothing that was acknowledged. */
const tear: Damage = (records) => {
  const last = records[records.length - 1];
  const half = Buffer.alloc((last.to - last.from) >> 1);
  const file = openSync(last.path, 'r');
  readSync(file, half, 0, half.length, last.from);
  closeSync(file);
  appendFileSync(last.path, half);
  return [];
};

const flip: Damage = (records) => {
  const hit = records[records.length >> 1];
  const file = openSync(hit.path, 'r+');
  const byte = Buffer.alloc(1);
  const at = (hit.from + hit.to) >> 1;
  readSync(file, byte, 0, 1, at);
  byte[0] ^= 0x10;
  writeSync(file, byte, 0, 1, at);
  closeSync(file);
  return [hit];
};

async function damaged(
  context: FaultContext,
  world: GivenWorld,
  fault: string,
  damage: Damage,
  report: string,
): Promise<FaultOutcome> {
  const [part] = world.parts;
  const load = new Load(context.folder, () => world.client);
  await sleep(300);
  world.postgres.proxy.swallow();
  await sleep(1_500);
  const killedAt = Date.now();
  await part.kill();
  const records = pendingRecords(join(world.dataDir, 'journal'));
  if (records.length < 10) load.broken(`only ${String(records.length)} records waited in the journal`);
  const destroyed = new Set(damage(records).map(({ id }) => id));
  world.postgres.proxy.pass({ reset: true });
  part.start();
  await load.untilAnswered(killedAt);
  const note = `${String(records.length)} records waited, ${String(destroyed.size)} destroyed`;
  const outcome = await load.outcome(fault, world.pool, { note, excused: destroyed });
  const broken = part.said.includes(report) ? [] : [`the service did not report: ${report}`];
  return { ...outcome, broken: [...outcome.broken, ...broken] };
}
