import { createHash } from 'node:crypto';
import type { Surface } from '../../src/core/surface/surface.ts';
import { canonicalJson, type SnapshotManifest } from './manifest.ts';
import { logicalBytes, type SnapshotRow } from './row.ts';

/** Counts and the content hash over the kept rows. */
export class SnapshotTotals {
  readonly #hash = createHash('sha256');
  readonly #featureNames: readonly string[];
  readonly #versions = new Map<string, number>();
  #rows = 0;
  #units = 0;
  #sessions = 0;
  #lastUnit: string | null = null;
  #first = Infinity;
  #last = -Infinity;

  constructor(surface: Surface) {
    this.#hash.update(`allot-snapshot 1\n${canonicalJson(surface)}\n`);
    this.#featureNames = surface.features.map((f) => f.name);
  }

  add(row: SnapshotRow): void {
    this.#hash.update(logicalBytes(row, this.#featureNames));
    this.#rows += 1;
    if (row.unitId !== this.#lastUnit) this.#units += 1;
    this.#lastUnit = row.unitId;
    if (!row.hasNext) this.#sessions += 1;
    this.#first = Math.min(this.#first, row.decidedAt);
    this.#last = Math.max(this.#last, row.decidedAt);
    const version = row.policyVersion ?? 'none';
    this.#versions.set(version, (this.#versions.get(version) ?? 0) + 1);
  }

  summary(): Pick<
    SnapshotManifest,
    'rows' | 'units' | 'sessions' | 'timeRange' | 'behaviorVersions' | 'contentHash'
  > {
    const versions = [...this.#versions].map(([version, rows]) => ({ version, rows }));
    return {
      rows: this.#rows,
      units: this.#units,
      sessions: this.#sessions,
      timeRange: this.#rows === 0 ? null : { first: this.#first, last: this.#last },
      behaviorVersions: versions.sort((a, b) => (a.version < b.version ? -1 : 1)),
      contentHash: this.#hash.digest('hex'),
    };
  }
}
