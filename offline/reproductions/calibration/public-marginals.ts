import { createReadStream, existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createGunzip } from 'node:zlib';

/** Aggregates of the public KuaiRand log (CC BY-SA 4.0, doi 10.1145/3511808.3557624); no row of it is kept. */
export interface PublicMarginals {
  readonly exposures: number;
  readonly units: number;
  /** Play times in seconds, sorted. */
  readonly playSeconds: Float64Array;
  /** Share of exposures with the signal. */
  readonly signals: Readonly<Record<string, number>>;
  /** Share of users by user_active_degree. */
  readonly groups: Readonly<Record<string, number>>;
  /** Share of exposures by hour of day, Beijing time. */
  readonly hours: readonly number[];
  /** Share of user-days (but the last day) that are followed by a day with an exposure. */
  readonly returnNextDay: number;
}

const LOG = 'log_standard_4_25_to_5_08_pure.csv.gz';
const USERS = 'user_features_pure.csv.gz';
const signalNames = ['is_click', 'long_view', 'is_like', 'is_follow', 'is_hate'] as const;

/** The folder beside the repository, or null where it is not. */
export function publicDataFolder(): string | null {
  const folder = fileURLToPath(new URL('../../../../shared/data/kuairand/', import.meta.url));
  return existsSync(join(folder, LOG)) && existsSync(join(folder, USERS)) ? folder : null;
}

export async function publicMarginals(folder: string): Promise<PublicMarginals> {
  const play: number[] = [];
  const sums = new Map<string, number>(signalNames.map((name) => [name, 0]));
  const hours = new Array<number>(24).fill(0);
  const days = new Map<string, Set<number>>();
  let lastDay = 0;
  for await (const row of rows(join(folder, LOG))) {
    play.push(Number(row('play_time_ms')) / 1000);
    for (const name of signalNames) sums.set(name, sums.get(name)! + Number(row(name)));
    const localHours = Math.floor(Number(row('time_ms')) / 3_600_000) + 8;
    hours[localHours % 24]++;
    const day = Math.floor(localHours / 24);
    lastDay = Math.max(lastDay, day);
    const seen = days.get(row('user_id')) ?? new Set();
    days.set(row('user_id'), seen.add(day));
  }
  const n = play.length;
  return {
    exposures: n,
    units: days.size,
    playSeconds: Float64Array.from(play).sort(),
    signals: Object.fromEntries([...sums].map(([name, sum]) => [name, sum / n])),
    groups: await groupShares(folder),
    hours: hours.map((count) => count / n),
    returnNextDay: returnShare([...days.values()], lastDay),
  };
}

async function groupShares(folder: string): Promise<Record<string, number>> {
  const counts = new Map<string, number>();
  let users = 0;
  for await (const row of rows(join(folder, USERS))) {
    const degree = row('user_active_degree');
    counts.set(degree, (counts.get(degree) ?? 0) + 1);
    users++;
  }
  return Object.fromEntries([...counts].map(([name, count]) => [name, count / users]));
}

function returnShare(days: readonly ReadonlySet<number>[], lastDay: number): number {
  let total = 0;
  let returned = 0;
  for (const seen of days) {
    for (const day of seen) {
      if (day >= lastDay) continue;
      total++;
      if (seen.has(day + 1)) returned++;
    }
  }
  return returned / total;
}

/** Cells by column name; the files have no quoted cells. */
async function* rows(file: string): AsyncGenerator<(column: string) => string> {
  let columns: ReadonlyMap<string, number> | null = null;
  for await (const line of createInterface({ input: createReadStream(file).pipe(createGunzip()) })) {
    const cells = line.split(',');
    if (columns === null) {
      columns = new Map(cells.map((name, i) => [name, i]));
      continue;
    }
    const at = columns;
    yield (column) => cells[at.get(column)!];
  }
}
