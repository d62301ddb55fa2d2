import type { Dataset } from './dataset.ts';
import type { SnapshotManifest } from './manifest.ts';
import type { SnapshotRow } from './row.ts';

/** A row as read back: `row` is its number in the snapshot, which filtering does not change. */
export type StoredRow = Omit<SnapshotRow, 'requestId' | 'experiment' | 'variant' | 'truncated'> & {
  readonly row: number;
};

/** Collects rows in snapshot order and lays them out as the columns of a `Dataset`. */
export class DatasetBuilder {
  readonly #manifest: SnapshotManifest;
  readonly #rows: StoredRow[] = [];

  constructor(manifest: SnapshotManifest) {
    this.#manifest = manifest;
  }

  get rows(): number {
    return this.#rows.length;
  }

  add(row: StoredRow): void {
    this.#rows.push(row);
  }

  build(): Dataset {
    const rows = this.#rows;
    const { surface } = this.#manifest;
    const k = surface.actions.length;
    const eligible = new Uint8Array(rows.length * k);
    const probabilities = new Float64Array(rows.length * k).fill(NaN);
    rows.forEach((row, i) => {
      for (let a = 0; a < k; a += 1) eligible[i * k + a] = row.eligible[a] ? 1 : 0;
      if (row.probabilities.length === k) probabilities.set(row.probabilities, i * k);
    });
    const { units, unitCount } = numberUnits(rows);
    const links = this.#links();
    const flags = (of: (row: StoredRow) => boolean): Uint8Array =>
      Uint8Array.from(rows, (row) => (of(row) ? 1 : 0));
    return {
      manifest: this.#manifest,
      rows: rows.length,
      decisionIds: rows.map((row) => row.decisionId),
      unitIds: rows.map((row) => row.unitId),
      units,
      unitCount,
      sessionIds: rows.map((row) => row.sessionId),
      decidedAt: Float64Array.from(rows, (row) => row.decidedAt),
      groups: Int32Array.from(rows, (row) => row.group),
      features: rows.map((row) => row.features),
      defaulted: rows.map((row) => row.defaulted),
      eligible,
      actions: Int32Array.from(rows, (row) => row.action),
      propensities: Float64Array.from(rows, (row) => row.propensity),
      probabilities,
      policyVersions: rows.map((row) => row.policyVersion ?? 'none'),
      isForced: flags((row) => row.isForced),
      isComplete: flags((row) => row.isComplete),
      responses: new Map(
        surface.responses.map(({ name }, r) => [
          name,
          Float64Array.from(rows, (row) => row.responses[r] ?? NaN),
        ]),
      ),
      ...links,
    };
  }

  /** A row whose successor was filtered away is cut off there, not ended. */
  #links(): Pick<Dataset, 'nextRow' | 'done' | 'truncated'> {
    const rows = this.#rows;
    const nextRow = Int32Array.from(rows, (row, i) =>
      row.hasNext && rows[i + 1]?.row === row.row + 1 ? i + 1 : -1,
    );
    const done = Uint8Array.from(rows, (row) => (row.done ? 1 : 0));
    const truncated = Uint8Array.from(rows, (_row, i) => (nextRow[i] < 0 && !done[i] ? 1 : 0));
    return { nextRow, done, truncated };
  }
}

function numberUnits(rows: readonly StoredRow[]): { units: Int32Array; unitCount: number } {
  const numbers = new Map<string, number>();
  const units = Int32Array.from(rows, ({ unitId }) => {
    const known = numbers.get(unitId);
    if (known !== undefined) return known;
    numbers.set(unitId, numbers.size);
    return numbers.size - 1;
  });
  return { units, unitCount: numbers.size };
}
