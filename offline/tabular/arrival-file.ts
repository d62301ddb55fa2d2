import type { Arrivals } from '../../src/core/experiment/statistics/arrival-series.ts';
import { unreadable, type TabularColumns } from './columns.ts';
import { countOf, keyOf, numberOf, refuseUnnamed, requestsOf, timeLabels, timeOf } from './keyed-rows.ts';
import { readChosenColumns } from './read-columns.ts';

/** Where counts of assigned units stand in a file. */
export interface ArrivalColumns {
  readonly group?: string | undefined;
  readonly variant?: string | undefined;
  readonly count?: string | undefined;
  /** Expected shares, or anything proportional to them; left out: an equal split over the group's variants. */
  readonly expected?: string | undefined;
  readonly time?: string | undefined;
  readonly period?: string | undefined;
  /** Counts are totals so far, not new units. */
  readonly isCumulative?: boolean;
}

export interface ArrivalGroup {
  readonly group: string | null;
  readonly period: string | null;
  readonly variants: readonly string[];
  /** By time; empty when `reason` says why there is nothing. */
  readonly arrivals: readonly Arrivals[];
  readonly reason: string | null;
  readonly warnings: readonly string[];
}

export interface ArrivalFile {
  readonly rows: number;
  readonly groups: readonly ArrivalGroup[];
  readonly timeLabel: (time: number) => number | string;
}

interface Cell {
  readonly variant: string;
  readonly time: number;
  readonly count: number;
  readonly expected: number;
  readonly row: number;
}

/**
 * Reads counts by group, variant and time, rows in any order; rows of one group, variant and time add up.
 *
 * @throws AllotError `log_unreadable`: a column that was not named or is not there (with those that are), a count that is no
 *   whole number ≥ 0, an expected share below 0 or missing
 */
export async function readArrivals(file: string, columns: ArrivalColumns): Promise<ArrivalFile> {
  const table = await readChosenColumns(file, (header) => {
    refuseUnnamed(file, header, [
      { flag: '--variant', name: columns.variant },
      { flag: '--count', name: columns.count },
    ]);
    return requestsOf(
      [columns.group, columns.variant, columns.time, columns.period],
      [columns.count, columns.expected],
    );
  });
  const groups = new Map<string | null, { cells: Cell[]; periods: Set<string | null> }>();
  for (let row = 0; row < table.rows; row++) {
    const key = keyOf(table, columns.group, row);
    const group = groups.get(key) ?? { cells: [], periods: new Set() };
    group.cells.push(cellOf(table, columns, row));
    group.periods.add(keyOf(table, columns.period, row));
    groups.set(key, group);
  }
  return {
    rows: table.rows,
    groups: [...groups].map(([name, { cells, periods }]) => ({
      group: name,
      period: [...periods][0],
      ...arrivalsOf(table, cells, columns, periods.size),
    })),
    timeLabel: timeLabels(table, columns.time),
  };
}

function cellOf(table: TabularColumns, columns: ArrivalColumns, row: number): Cell {
  const count = countOf(table, columns.count, row);
  if (!Number.isNaN(count) && !Number.isInteger(count)) {
    const rule = 'must be a whole number of units';
    throw unreadable(table.locate(row), { field: columns.count ?? '', rule, value: count });
  }
  const expected = columns.expected === undefined ? 1 : numberOf(table, columns.expected, row);
  if (!(expected >= 0)) {
    const rule = 'an expected share must be at least 0';
    throw unreadable(table.locate(row), { field: columns.expected ?? '', rule, value: expected });
  }
  const variant = keyOf(table, columns.variant, row) ?? '';
  return { variant, time: timeOf(table, columns.time, row), count, expected, row };
}

function arrivalsOf(
  table: TabularColumns,
  cells: readonly Cell[],
  { expected, isCumulative = false }: ArrivalColumns,
  periods: number,
): Omit<ArrivalGroup, 'group' | 'period'> {
  const variants = [...new Set(cells.map(({ variant }) => variant))];
  const warnings = periods > 1 ? ['rows of several periods: counted in that of the first row'] : [];
  const missing = cells.find(({ count }) => Number.isNaN(count));
  if (missing !== undefined) {
    return { variants, arrivals: [], reason: `a count is missing (${table.locate(missing.row)})`, warnings };
  }
  if (variants.length < 2) return { variants, arrivals: [], reason: 'there is one variant only', warnings };
  const times = [...new Set(cells.map(({ time }) => time))].sort((a, b) => a - b);
  const at = new Map(times.map((time): [number, Cell[]] => [time, []]));
  for (const cell of cells) at.get(cell.time)?.push(cell);
  const totals = new Array<number>(variants.length).fill(0);
  const arrivals = times.map((time): Arrivals => {
    const here = at.get(time) ?? [];
    const counts = new Array<number>(variants.length).fill(0);
    const weights = new Array<number>(variants.length).fill(expected === undefined ? 1 : 0);
    for (const cell of here) {
      const i = variants.indexOf(cell.variant);
      counts[i] += cell.count;
      if (expected !== undefined) weights[i] = cell.expected;
    }
    return {
      time,
      counts: isCumulative ? added(counts, totals, warnings) : counts,
      shares: toShares(weights),
    };
  });
  // All of a span's expected shares are 0: nothing was declared for it.
  const reason = arrivals.some(({ shares }) => shares.some(Number.isNaN))
    ? 'expected shares add up to 0'
    : null;
  return { variants, arrivals: reason === null ? arrivals : [], reason, warnings: [...new Set(warnings)] };
}

/** New units since the totals before, which are then brought up to date. */
function added(counts: readonly number[], totals: number[], warnings: string[]): number[] {
  return counts.map((count, i) => {
    if (count < totals[i]) warnings.push('cumulative counts fall: taken as no new units');
    const more = Math.max(0, count - totals[i]);
    totals[i] = Math.max(totals[i], count);
    return more;
  });
}

function toShares(weights: readonly number[]): number[] {
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / total);
}
