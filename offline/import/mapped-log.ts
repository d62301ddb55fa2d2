import { AllotError } from '../../src/core/errors.ts';
import type { FeatureSpec, FeatureValue, ResponseSpec, Surface } from '../../src/core/surface/surface.ts';
import { readRows, type TabularRow } from '../tabular/read-rows.ts';
import { cellError, numberAt, propensityAt, textAt } from './cells.ts';
import type { ImportedDecision } from './imported-decision.ts';
import type { Mapping } from './mapping.ts';

/** Rows without a time of their own get one second after another from here on: order is kept, dates mean nothing. */
const UNDATED_START = Date.UTC(2000, 0, 1);

export function mappedSurface(mapping: Mapping): Surface {
  return {
    name: mapping.surface,
    schemaVersion: 1,
    actions: mapping.actions,
    nullAction: mapping.nullAction,
    features: Object.entries(mapping.features).map(([name, spec]): FeatureSpec => {
      if (spec.type === 'numeric') return { name, type: 'numeric', min: spec.min, max: spec.max };
      if (spec.type === 'boolean') return { name, type: 'boolean' };
      return { name, type: 'categorical', values: spec.values };
    }),
    groups: null,
    responses: Object.entries(mapping.responses).map(([name, spec]): ResponseSpec => ({
      name,
      role: spec.role,
      interaction: name,
      aggregate: 'sum',
      unit: spec.unit,
      min: spec.min,
      max: spec.max,
      windowSeconds: 1,
      default: spec.default,
    })),
    constraints: [],
    explorationFloor: 0,
    caps: [],
    pacing: null,
    horizon: 1,
    completeness: 'window',
    gate: {
      estimator: 'snips',
      level: 0.95,
      mainMargin: 0.001,
      auxiliaryMargins: {},
      minEffectiveUnits: 1000,
    },
  };
}

export async function* readMapped(file: string, mapping: Mapping): AsyncIterable<ImportedDecision> {
  let index = 0;
  for await (const row of readRows(file)) {
    if (index === 0) requireColumns(file, row, mapping);
    yield toDecision(file, row, index, mapping);
    index += 1;
  }
}

/** A column that the mapping names and the file lacks is the mapping's fault: said once, with what there is. */
function requireColumns(file: string, row: TabularRow, mapping: Mapping): void {
  const named = [
    ...Object.values(mapping.columns),
    ...Object.values(mapping.features).map((spec) => spec.column),
    ...Object.values(mapping.responses).map((spec) => spec.column),
  ];
  const missing = named.filter((column) => column !== undefined && !(column in row.values));
  if (missing.length === 0) return;
  throw new AllotError(
    'mapping_invalid',
    `${file}:1: the mapping names ${missing.map((c) => `"${c}"`).join(', ')}, the file has ${Object.keys(row.values).join(', ')}`,
    { violations: missing.map((column) => ({ field: String(column), rule: 'is not a column of the file' })) },
  );
}

function toDecision(file: string, row: TabularRow, index: number, mapping: Mapping): ImportedDecision {
  const { columns } = mapping;
  const action = textAt(file, row, columns.action);
  if (!mapping.actions.includes(action)) {
    throw cellError(file, row, columns.action, `must be one of ${mapping.actions.join(', ')}`);
  }
  const requestId = columns.requestId === undefined ? `row-${index}` : textAt(file, row, columns.requestId);
  return {
    requestId: `${mapping.policyVersion}:${requestId}`,
    unitId: columns.unitId === undefined ? `row-${index}` : textAt(file, row, columns.unitId),
    sessionId: columns.sessionId === undefined ? null : textAt(file, row, columns.sessionId),
    decidedAt:
      columns.decidedAt === undefined ? UNDATED_START + index * 1000 : timeAt(file, row, columns.decidedAt),
    features: Object.fromEntries(
      Object.entries(mapping.features).map(([name, spec]) => [name, featureAt(file, row, spec)]),
    ),
    eligibleActions: mapping.actions,
    action,
    propensity: propensityAt(file, row, columns.propensity),
    policyVersion: mapping.policyVersion,
    responses: Object.fromEntries(
      Object.entries(mapping.responses).map(([name, spec]) => [name, rangedAt(file, row, spec)]),
    ),
  };
}

function rangedAt(file: string, row: TabularRow, spec: { column: string; min: number; max: number }): number {
  const value = numberAt(file, row, spec.column);
  if (value < spec.min || value > spec.max) {
    throw cellError(file, row, spec.column, `must be in [${spec.min}, ${spec.max}]`);
  }
  return value;
}

function featureAt(file: string, row: TabularRow, spec: Mapping['features'][string]): FeatureValue {
  if (spec.type === 'numeric') return rangedAt(file, row, spec);
  const text = textAt(file, row, spec.column);
  if (spec.type === 'boolean') {
    if (!['0', '1', 'true', 'false'].includes(text))
      throw cellError(file, row, spec.column, 'must be 0, 1, true or false');
    return text === '1' || text === 'true';
  }
  if (!spec.values.includes(text))
    throw cellError(file, row, spec.column, `must be one of ${spec.values.join(', ')}`);
  return text;
}

/** Milliseconds since the epoch, or an ISO date and time. */
function timeAt(file: string, row: TabularRow, column: string): number {
  const text = textAt(file, row, column);
  const time = /^\d+$/.test(text) ? Number(text) : Date.parse(text);
  if (Number.isNaN(time))
    throw cellError(file, row, column, 'must be epoch milliseconds or an ISO date and time');
  return time;
}
