/** Some rows of a batch that go through the layers together: few enough to stay in the processor's cache. */
export interface RowRange {
  readonly from: number;
  readonly count: number;
  readonly group: number;
}

export interface RowPlan {
  /** Row r of the plan is row order[r] of the batch; null: as they are. */
  readonly order: Int32Array | null;
  readonly ranges: readonly RowRange[];
}

export const largestRange = 160;

/** All rows in order. */
export function planRows(rows: number): RowPlan {
  return { order: null, ranges: split(0, rows, 0) };
}

/** Rows sorted by group, stable, so that a range has one group; `groups` (B). */
export function planRowsByGroup(groups: Int32Array, groupCount: number): RowPlan {
  const starts = new Int32Array(groupCount + 1);
  for (const g of groups) starts[g + 1] += 1;
  for (let g = 0; g < groupCount; g += 1) starts[g + 1] += starts[g];
  const next = starts.slice();
  const order = new Int32Array(groups.length);
  for (let row = 0; row < groups.length; row += 1) order[next[groups[row]]++] = row;
  const ranges: RowRange[] = [];
  for (let g = 0; g < groupCount; g += 1) ranges.push(...split(starts[g], starts[g + 1] - starts[g], g));
  return { order, ranges };
}

/** The kernel's products work on so many rows at once, and fill the last ones up with zeros. */
const panelRows = 5;

/** Parts of nearly equal size, at most `largestRange` each, of whole panels but for the last. */
function split(from: number, count: number, group: number): RowRange[] {
  const parts = Math.ceil(count / largestRange);
  const size = Math.ceil(count / Math.max(parts, 1) / panelRows) * panelRows;
  return Array.from({ length: Math.ceil(count / Math.max(size, 1)) }, (_, i) => ({
    from: from + i * size,
    count: Math.min(size, count - i * size),
    group,
  }));
}
