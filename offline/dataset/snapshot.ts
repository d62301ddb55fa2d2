import { mkdir, rename, writeFile } from 'node:fs/promises';
import type { Surface } from '../../src/core/surface/surface.ts';
import type { DecisionReader, DecisionRecord } from '../../src/service/ports/stores.ts';
import { columnsFor } from './columns.ts';
import { HealthCounter } from './log-health.ts';
import { manifestFile, sealManifest, type SnapshotManifest } from './manifest.ts';
import { openParquetWriter } from './parquet-writer.ts';
import { SnapshotTotals } from './totals.ts';
import { rowsOfUnit, type RowRules } from './unit-rows.ts';

export interface SnapshotRequest {
  readonly reader: DecisionReader;
  readonly tenant: string;
  readonly surface: Surface;
  /** decidedAt in [from, until), ms. */
  readonly from: number;
  readonly until: number;
  /** Up to when the log is known, ms: decides maturity and whether sessions are over. Default: `until`. */
  readonly asOf?: number;
  /** Created when missing. */
  readonly directory: string;
  /** Only decisions of these policy versions; default: all. */
  readonly behaviorVersions?: readonly string[];
  readonly sessionGapMs?: number;
  readonly rowsPerPart?: number;
  /** Called with the number of decisions read so far. */
  readonly progress?: (decisions: number) => void;
}

/**
 * Freezes a time range of the log: Parquet parts with one row per delivered, mature decision and a manifest. The
 * same log, range and `asOf` give the same content hash, whatever the order in which feedback arrived. Memory holds
 * one unit and one part.
 */
export async function writeSnapshot(request: SnapshotRequest): Promise<SnapshotManifest> {
  const { surface, directory, from, until, tenant } = request;
  const asOf = request.asOf ?? until;
  await mkdir(directory, { recursive: true });
  const rules: RowRules = {
    surface,
    asOf,
    sessionGapMs: request.sessionGapMs ?? 30 * 60_000,
    behaviorVersions: request.behaviorVersions === undefined ? null : new Set(request.behaviorVersions),
  };
  const health = new HealthCounter();
  const totals = new SnapshotTotals(surface);
  const writer = await openParquetWriter(directory, columnsFor(surface), request.rowsPerPart);
  for await (const records of byUnit(request)) {
    for (const row of rowsOfUnit(records, rules, health)) {
      totals.add(row);
      await writer.append(row);
    }
    request.progress?.(health.decisions);
  }
  const parts = await writer.close();
  const manifest = sealManifest({
    format: 'allot-snapshot',
    formatVersion: 1,
    tenant,
    surface,
    from,
    until,
    asOf,
    ...totals.summary(),
    logHealth: health.summary(),
    parts,
  });
  // The manifest comes last and whole: a folder without one is not a snapshot.
  const temporary = `${manifestFile(directory)}.tmp`;
  await writeFile(temporary, `${JSON.stringify(manifest, null, 2)}\n`);
  await rename(temporary, manifestFile(directory));
  return manifest;
}

/** The reader streams in (unit, time) order: one array per unit. */
export async function* byUnit(
  request: Pick<SnapshotRequest, 'reader' | 'tenant' | 'surface' | 'from' | 'until'>,
): AsyncIterable<readonly DecisionRecord[]> {
  const { tenant, surface, from, until } = request;
  let unit: DecisionRecord[] = [];
  for await (const record of request.reader.stream({ tenant, surface: surface.name, from, until })) {
    if (unit.length > 0 && unit[0].decision.unitId !== record.decision.unitId) {
      yield unit;
      unit = [];
    }
    unit.push(record);
  }
  if (unit.length > 0) yield unit;
}
