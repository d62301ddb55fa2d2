import type { Dataset } from '../dataset/dataset.ts';

/** The rows for which `keep` holds, units renumbered; transitions across a removed row are cut (`truncated`). */
export function selectRows(dataset: Dataset, keep: (row: number) => boolean): Dataset {
  const rows: number[] = [];
  for (let row = 0; row < dataset.rows; row++) if (keep(row)) rows.push(row);
  const { units, unitCount } = renumberUnits(dataset, rows);
  const newRow = new Map(rows.map((row, index) => [row, index]));
  const nextRow = Int32Array.from(rows, (row) => newRow.get(dataset.nextRow[row]) ?? -1);
  return {
    manifest: dataset.manifest,
    rows: rows.length,
    decisionIds: rows.map((row) => dataset.decisionIds[row]),
    unitIds: rows.map((row) => dataset.unitIds[row]),
    units,
    unitCount,
    sessionIds: rows.map((row) => dataset.sessionIds[row]),
    decidedAt: pick(dataset.decidedAt, rows),
    groups: pick(dataset.groups, rows),
    features: rows.map((row) => dataset.features[row]),
    defaulted: rows.map((row) => dataset.defaulted[row]),
    eligible: pickBlocks(dataset.eligible, dataset.rows, rows),
    actions: pick(dataset.actions, rows),
    propensities: pick(dataset.propensities, rows),
    probabilities: pickBlocks(dataset.probabilities, dataset.rows, rows),
    policyVersions: rows.map((row) => dataset.policyVersions[row]),
    isForced: pick(dataset.isForced, rows),
    isComplete: pick(dataset.isComplete, rows),
    responses: new Map([...dataset.responses].map(([name, values]) => [name, pick(values, rows)])),
    nextRow,
    done: pick(dataset.done, rows),
    truncated: Uint8Array.from(rows, (row, index) =>
      dataset.nextRow[row] >= 0 && nextRow[index] < 0 ? 1 : dataset.truncated[row],
    ),
  };
}

type Column = Float64Array | Int32Array | Uint8Array;

/** `width` consecutive entries of every picked row. */
function pickBlocks<T extends Column>(column: T, rowCount: number, rows: readonly number[]): T {
  const width = rowCount === 0 ? 0 : column.length / rowCount;
  const picked = new (column.constructor as new (length: number) => T)(rows.length * width);
  rows.forEach((row, index) => picked.set(column.subarray(row * width, (row + 1) * width), index * width));
  return picked;
}

const pick = <T extends Column>(column: T, rows: readonly number[]): T =>
  pickBlocks(column, column.length, rows);

function renumberUnits(
  dataset: Dataset,
  rows: readonly number[],
): { readonly units: Int32Array; readonly unitCount: number } {
  const number = new Map<number, number>();
  const units = Int32Array.from(rows, (row) => {
    const renumbered = number.get(dataset.units[row]) ?? number.size;
    number.set(dataset.units[row], renumbered);
    return renumbered;
  });
  return { units, unitCount: number.size };
}
