import type { FeatureSpec, Surface } from '../../src/core/surface/surface.ts';
import type { SnapshotRow } from './row.ts';

/** The Parquet schema, one place: name, DuckDB type, and how a row fills it. */
export type ColumnType =
  'VARCHAR' | 'BIGINT' | 'INTEGER' | 'DOUBLE' | 'BOOLEAN' | 'DOUBLE[]' | 'BOOLEAN[]' | 'VARCHAR[]';

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  /** null is written as NULL. */
  readonly value: (row: SnapshotRow, index: number) => unknown;
}

export function columnsFor(surface: Surface): readonly Column[] {
  const column = (name: string, type: ColumnType, value: Column['value']): Column => ({ name, type, value });
  return [
    column('row', 'BIGINT', (_row, index) => index),
    column('decision_id', 'VARCHAR', (row) => row.decisionId),
    column('request_id', 'VARCHAR', (row) => row.requestId),
    column('unit_id', 'VARCHAR', (row) => row.unitId),
    column('session_id', 'VARCHAR', (row) => row.sessionId),
    column('decided_at_ms', 'BIGINT', (row) => row.decidedAt),
    column('group_index', 'INTEGER', (row) => row.group),
    column('eligible', 'BOOLEAN[]', (row) => row.eligible),
    column('action_index', 'INTEGER', (row) => row.action),
    column('action', 'VARCHAR', (row) => surface.actions[row.action]),
    column('propensity', 'DOUBLE', (row) => row.propensity),
    column('probabilities', 'DOUBLE[]', (row) => row.probabilities),
    column('policy_version', 'VARCHAR', (row) => row.policyVersion),
    column('experiment', 'VARCHAR', (row) => row.experiment),
    column('variant', 'VARCHAR', (row) => row.variant),
    column('is_forced', 'BOOLEAN', (row) => row.isForced),
    column('is_complete', 'BOOLEAN', (row) => row.isComplete),
    column('has_next', 'BOOLEAN', (row) => row.hasNext),
    column('done', 'BOOLEAN', (row) => row.done),
    column('truncated', 'BOOLEAN', (row) => row.truncated),
    column('defaulted', 'VARCHAR[]', (row) => row.defaulted),
    ...surface.features.map((feature) =>
      column(featureColumn(feature.name), featureTypes[feature.type], (row) =>
        feature.type === 'sequence' ? jsonText(row.features[feature.name]) : row.features[feature.name],
      ),
    ),
    ...surface.responses.map((response, i) =>
      column(responseColumn(response.name), 'DOUBLE', (row) => row.responses[i]),
    ),
  ];
}

export const featureColumn = (name: string): string => `f_${name}`;
export const responseColumn = (name: string): string => `r_${name}`;

const featureTypes: Readonly<Record<FeatureSpec['type'], ColumnType>> = {
  numeric: 'DOUBLE',
  categorical: 'VARCHAR',
  boolean: 'BOOLEAN',
  vector: 'DOUBLE[]',
  hashed: 'VARCHAR',
  // A list of objects as JSON text: its fields are the surface's, which the manifest holds.
  sequence: 'VARCHAR',
};

const jsonText = (value: unknown): string | null => (value === undefined ? null : JSON.stringify(value));

export const quoted = (identifier: string): string => `"${identifier.replaceAll('"', '""')}"`;
