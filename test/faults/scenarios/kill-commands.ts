import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import type { FaultContext, FaultOutcome, Scenario } from '../scenario.ts';
import { type Command, finished, killedAndRepeated } from '../support/command.ts';
import type { GivenWorld } from '../support/world.ts';

const ROWS = 30_000;
const FIRST_MS = Date.UTC(2026, 0, 31, 20);
const HOURS_MS = 3_600_000;

/** No clients call meanwhile. */
const nothingServed = { backAfterMs: null, caughtUpMs: null, refused: 0, unlogged: 0 };

/**
 * kill -9 of `allot import` and `allot snapshot` typed by hand, then the same command again: the file is stored once, row by
 * row, and the snapshot is the one that nobody disturbed.
 */
export const killCommands: Scenario = {
  name: 'kill-commands',
  isShort: false,
  run: async (context) => {
    const world = await context.world();
    const log = writeLog(context, ROWS);
    const imported = await killedImport(context, world, log);
    return [imported, await killedSnapshot(context, world, log)];
  },
};

interface LogRow {
  readonly unit: string;
  readonly action: string;
  readonly propensity: number;
  readonly at: number;
  readonly watch: number;
}

interface WrittenLog {
  readonly rows: readonly LogRow[];
  readonly file: string;
  /** Over midnight, so that two days of partitions are written. */
  readonly until: number;
}

function writeLog({ folder, random }: FaultContext, count: number): WrittenLog {
  const rows = Array.from({ length: count }, (_, n): LogRow => {
    const isShown = random.uniform() < 0.25;
    return {
      unit: `imported-${String(n)}`,
      action: isShown ? 'live' : 'none',
      propensity: isShown ? 0.25 : 0.75,
      at: FIRST_MS + Math.floor((n * 8 * HOURS_MS) / count),
      watch: 1 + Math.floor(99 * random.uniform()),
    };
  });
  const file = join(folder, 'log.csv');
  const lines = rows.map((row) => [row.at, row.unit, row.action, row.propensity, row.watch].join(','));
  writeFileSync(file, ['at,user,act,p,watch', ...lines].join('\n'));
  return { rows, file, until: FIRST_MS + 9 * HOURS_MS };
}

const mappingOf = (surface: string): string => `
surface: ${surface}
actions: [none, live]
nullAction: none
policyVersion: old-rules
columns: { action: act, propensity: p, unitId: user, decidedAt: at }
features: {}
responses:
  watch: { column: watch, role: main, min: 0, max: 100, unit: seconds }
`;

const environmentOf = ({ postgres, dataDir }: GivenWorld): Command['environment'] => ({
  DATABASE_URL: postgres.url,
  ALLOT_DATA_DIR: dataDir,
});

function importOf({ folder }: FaultContext, world: GivenWorld, file: string, surface: string): Command {
  const mapping = join(folder, `${surface}.yaml`);
  writeFileSync(mapping, mappingOf(surface));
  return { words: ['import', 'csv', file, '--mapping', mapping], environment: environmentOf(world) };
}

async function killedImport(
  context: FaultContext,
  world: GivenWorld,
  { rows, file }: WrittenLog,
): Promise<FaultOutcome> {
  const undisturbed = await finished(importOf(context, world, file, 'undisturbed'));
  const command = importOf(context, world, file, 'killed');
  const { durationMs } = undisturbed;
  const { deaths } = await killedAndRepeated(context, command, { durationMs, times: context.kills });
  const broken = deaths === 0 ? ['no kill met the command alive'] : [];
  const found = await importedRows(world.pool, 'killed');
  const missing = rows.filter((row) => !found.has(row.unit));
  const other = rows.filter((row) => (found.get(row.unit)?.[0] ?? textOf(row)) !== textOf(row));
  if (other.length > 0)
    broken.push(
      `stored otherwise than in the file: ${textOf(other[0])}, ${String(found.get(other[0].unit))}`,
    );
  return {
    fault: `kill -9 of allot import × ${String(deaths)}`,
    accepted: rows.length,
    stored: found.size,
    duplicates: [...found.values()].filter((copies) => copies.length > 1).length,
    missing: missing.length,
    ...nothingServed,
    broken,
  };
}

const textOf = ({ unit, action, propensity, at, watch }: LogRow): string =>
  [unit, action, propensity, at, `{${String(watch)}}`, 1].join(' ');

/**
 * By unit, each of its decisions as text, with its interactions and the number of its exposures. Joined here: as one statement,
 * tables without statistics yet took PostgreSQL longer than a statement may take.
 */
async function importedRows(pool: pg.Pool, surface: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const decisions = await pool.query<{ id: string; unit: string; text: string }>(
    `select decision_id as id, unit_id as unit,
       concat_ws(' ', unit_id, action, propensity, (extract(epoch from decided_at) * 1000)::bigint) as text
     from decisions where surface = $1`,
    [surface],
  );
  const watched = await byDecision<{ id: string; values: string }>(
    pool,
    'select decision_id as id, array_agg(value)::text as values from interactions group by decision_id',
  );
  const shown = await byDecision<{ id: string; count: string }>(
    pool,
    'select decision_id as id, count(*)::text as count from exposures group by decision_id',
  );
  const found = new Map<string, string[]>();
  for (const { id, unit, text } of decisions.rows) {
    const whole = [text, watched.get(id)?.values ?? '{}', shown.get(id)?.count ?? '0'].join(' ');
    found.set(unit, [...(found.get(unit) ?? []), whole]);
  }
  return found;
}

async function byDecision<Row extends { readonly id: string }>(
  pool: pg.Pool,
  statement: string,
): Promise<ReadonlyMap<string, Row>> {
  const { rows } = await pool.query<Row>(statement);
  return new Map(rows.map((row) => [row.id, row]));
}

async function killedSnapshot(
  context: FaultContext,
  world: GivenWorld,
  { rows, until }: WrittenLog,
): Promise<FaultOutcome> {
  const snapshotTo = (name: string): Command => ({
    words: [
      ...['snapshot', '--surface', 'killed', '--out', join(context.folder, name)],
      ...['--until', String(until), '--as-of', String(Date.now() + HOURS_MS)],
    ],
    environment: environmentOf(world),
  });
  const undisturbed = await finished(snapshotTo('undisturbed'));
  const { durationMs } = undisturbed;
  const command = snapshotTo('killed');
  const { deaths, result } = await killedAndRepeated(context, command, { durationMs, times: context.kills });
  const broken = deaths === 0 ? ['no kill met the command alive'] : [];
  if (result['contentHash'] !== undisturbed.result['contentHash'])
    broken.push('its content is not that of an undisturbed one');
  const stored = Number(result['rows']);
  return {
    fault: `kill -9 of allot snapshot × ${String(deaths)}`,
    accepted: rows.length,
    stored,
    duplicates: Math.max(0, stored - rows.length),
    missing: Math.max(0, rows.length - stored),
    ...nothingServed,
    broken,
  };
}
