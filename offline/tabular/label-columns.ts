import { unreadable, type TabularColumns } from './columns.ts';
import type { BanditLogColumns } from './log-columns.ts';

/** Labels numbered by first appearance. */
export interface NumberedLabels {
  readonly labels: readonly string[];
  readonly index: Int32Array;
}

/** Every row must have a label; `rule` says what an empty cell breaks. */
export function numberedLabels(
  table: TabularColumns,
  name: string,
  rule = 'must not be empty',
): NumberedLabels {
  const known = new Map<string, number>();
  const index = Int32Array.from(table.texts.get(name) ?? [], (label, row) => {
    if (label === null) throw unreadable(table.locate(row), { field: name, rule });
    const number = known.get(label) ?? known.size;
    known.set(label, number);
    return number;
  });
  return { labels: [...known.keys()], index };
}

/** A row without a label is in no group (−1), and counts overall all the same. */
export function groupLabels(table: TabularColumns, name: string): NumberedLabels {
  const texts = table.texts.get(name) ?? [];
  const labels = [...new Set(texts.filter((label) => label !== null))].sort((a, b) =>
    a.localeCompare(b, 'en', { numeric: true }),
  );
  const number = new Map(labels.map((label, i) => [label, i]));
  return { labels, index: Int32Array.from(texts, (label) => number.get(label ?? '') ?? -1) };
}

export interface UnitsOfRows {
  readonly units: Int32Array;
  readonly unitCount: number;
  /** False: no unit was given on any row, so every session, else every row, is its own unit. */
  readonly hasUnits: boolean;
}

export function unitsOf(
  table: TabularColumns,
  { unit: name, sessions }: Pick<BanditLogColumns, 'unit' | 'sessions'>,
): UnitsOfRows {
  const ids = name === undefined ? [] : (table.texts.get(name) ?? []);
  if (name === undefined || ids.every((id) => id === null)) {
    if (sessions !== undefined) {
      const { labels, index } = numberedLabels(table, sessions.session);
      return { units: index, unitCount: labels.length, hasUnits: false };
    }
    const units = Int32Array.from({ length: table.rows }, (_, i) => i);
    return { units, unitCount: table.rows, hasUnits: false };
  }
  const { labels, index } = numberedLabels(table, name, 'must not be empty where other rows have a unit');
  return { units: index, unitCount: labels.length, hasUnits: true };
}
