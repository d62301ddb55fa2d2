import { DuckDBInstance, type DuckDBValue } from '@duckdb/node-api';
import { join } from 'node:path';
import { AllotError } from '../../src/core/errors.ts';
import type { FeatureSpec, FeatureValue, Surface } from '../../src/core/surface/surface.ts';
import { featureColumn, quoted, responseColumn } from './columns.ts';
import type { Dataset } from './dataset.ts';
import { DatasetBuilder, type StoredRow } from './dataset-builder.ts';
import { readManifest, type SnapshotManifest } from './manifest.ts';
import { sha256OfFile } from './parquet-writer.ts';

/** Which rows to read; links to rows that are left out become truncations. */
export interface DatasetFilter {
  /** decidedAt in [from, until), ms. */
  readonly from?: number;
  readonly until?: number;
  readonly policyVersions?: readonly string[];
  readonly experiment?: string;
  readonly variants?: readonly string[];
}

/** Reads a snapshot into memory; `snapshot_invalid` when a part is missing, was changed, or holds other rows. */
export async function loadDataset(directory: string, filter: DatasetFilter = {}): Promise<Dataset> {
  const manifest = await readManifest(directory);
  const files = await verifyParts(directory, manifest);
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    const list = files.map((file) => `'${file.replaceAll("'", "''")}'`).join(', ');
    const reader = await connection.stream(
      `select ${selected(manifest.surface)} from read_parquet([${list}])${where(filter)} order by "row"`,
    );
    const builder = new DatasetBuilder(manifest);
    const names = reader.columnNames();
    for (;;) {
      const chunk = await reader.fetchChunk();
      if (chunk === null || chunk.rowCount === 0) break;
      addChunk(builder, manifest.surface, names, chunk.getColumns(), chunk.rowCount);
    }
    const isFiltered = Object.keys(filter).length > 0;
    if (!isFiltered && builder.rows !== manifest.rows)
      throw new AllotError(
        'snapshot_invalid',
        `${directory}: the parts hold ${builder.rows} rows, the manifest says ${manifest.rows}`,
      );
    return builder.build();
  } catch (cause) {
    if (cause instanceof AllotError) throw cause;
    throw new AllotError('snapshot_invalid', `${directory}: the parts cannot be read`, { cause });
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

async function verifyParts(directory: string, manifest: SnapshotManifest): Promise<string[]> {
  const files: string[] = [];
  for (const part of manifest.parts) {
    const file = join(directory, part.file);
    const found = await sha256OfFile(file).catch((cause: unknown) => {
      throw new AllotError('snapshot_invalid', `${file} cannot be read`, { cause });
    });
    if (found !== part.sha256)
      throw new AllotError('snapshot_invalid', `${file}: its SHA-256 is not the manifest's`);
    files.push(file);
  }
  return files;
}

const baseColumns = [
  'row',
  'decision_id',
  'unit_id',
  'session_id',
  'decided_at_ms',
  'group_index',
  'eligible',
  'action_index',
  'propensity',
  'probabilities',
  'policy_version',
  'is_forced',
  'is_complete',
  'has_next',
  'done',
  'defaulted',
] as const;

function selected(surface: Surface): string {
  return [
    ...baseColumns,
    ...surface.features.map((f) => featureColumn(f.name)),
    ...surface.responses.map((r) => responseColumn(r.name)),
  ]
    .map(quoted)
    .join(', ');
}

function where(filter: DatasetFilter): string {
  const text = (values: readonly string[]): string =>
    values.map((v) => `'${v.replaceAll("'", "''")}'`).join(', ');
  const rules = [
    filter.from === undefined ? null : `decided_at_ms >= ${Math.trunc(filter.from)}`,
    filter.until === undefined ? null : `decided_at_ms < ${Math.trunc(filter.until)}`,
    filter.policyVersions === undefined ? null : `policy_version in (${text(filter.policyVersions)})`,
    filter.experiment === undefined ? null : `experiment = ${text([filter.experiment])}`,
    filter.variants === undefined ? null : `variant in (${text(filter.variants)})`,
  ].filter((rule) => rule !== null);
  return rules.length === 0 ? '' : ` where ${rules.join(' and ')}`;
}

/** The items of a list column's value. */
const items = (value: DuckDBValue): readonly unknown[] =>
  (value as { items: readonly unknown[] } | null)?.items ?? [];

type Columns = (name: string) => readonly DuckDBValue[];

function addChunk(
  builder: DatasetBuilder,
  surface: Surface,
  names: readonly string[],
  columns: readonly (readonly DuckDBValue[])[],
  rows: number,
): void {
  const at = new Map(names.map((name, i) => [name, columns[i]]));
  const column: Columns = (name) => at.get(name) ?? [];
  const features = featuresAt(surface, column);
  const responses = surface.responses.map((r) => column(responseColumn(r.name)));
  const base = baseAt(column);
  for (let i = 0; i < rows; i += 1)
    builder.add({
      ...base(i),
      features: features(i),
      responses: responses.map((all) => (all[i] === null ? null : Number(all[i]))),
    });
}

function featuresAt(surface: Surface, column: Columns): (i: number) => Record<string, FeatureValue> {
  const features = surface.features.map((f) => ({
    name: f.name,
    type: f.type,
    all: column(featureColumn(f.name)),
  }));
  return (i) => {
    const values: Record<string, FeatureValue> = {};
    for (const { name, type, all } of features) {
      const value = all[i];
      if (value !== null) values[name] = featureValue(type, value);
    }
    return values;
  };
}

function featureValue(type: FeatureSpec['type'], value: DuckDBValue): FeatureValue {
  if (type === 'sequence') return JSON.parse(String(value)) as FeatureValue;
  return typeof value === 'object' ? (items(value) as readonly number[]) : (value as FeatureValue);
}

function baseAt(column: Columns): (i: number) => Omit<StoredRow, 'features' | 'responses'> {
  const base = Object.fromEntries(baseColumns.map((name) => [name, column(name)])) as Record<
    (typeof baseColumns)[number],
    readonly DuckDBValue[]
  >;
  return (i) => ({
    row: Number(base.row[i]),
    decisionId: String(base.decision_id[i]),
    unitId: String(base.unit_id[i]),
    sessionId: base.session_id[i] as string | null,
    decidedAt: Number(base.decided_at_ms[i]),
    group: Number(base.group_index[i]),
    eligible: items(base.eligible[i]) as readonly boolean[],
    action: Number(base.action_index[i]),
    propensity: Number(base.propensity[i]),
    probabilities: items(base.probabilities[i]) as readonly number[],
    policyVersion: base.policy_version[i] as string | null,
    isForced: base.is_forced[i] === true,
    isComplete: base.is_complete[i] === true,
    hasNext: base.has_next[i] === true,
    done: base.done[i] === true,
    defaulted: items(base.defaulted[i]) as readonly string[],
  });
}
