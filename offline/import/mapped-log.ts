import { AllotError } from '../../src/core/errors.ts';
import { hashedRule } from '../../src/core/surface/hashed-rule.ts';
import type { FeatureValue, Surface } from '../../src/core/surface/surface.ts';
import { cellError, numberAt, propensityAt, textAt, timeAt } from './cells.ts';
import type { ImportedDecision } from './imported-decision.ts';
import { importedResponse, importedSurface } from './imported-surface.ts';
import { mappedFeature, sequenceReader } from './mapped-features.ts';
import type { Mapping } from './mapping.ts';
import { readRows, type SourceRow } from './rows.ts';

/** Rows without a time of their own get one second after another from here on: order is kept, dates mean nothing. */
const UNDATED_START = Date.UTC(2000, 0, 1);

export function mappedSurface(mapping: Mapping): Surface {
  return importedSurface({
    name: mapping.surface,
    actions: mapping.actions,
    nullAction: mapping.nullAction,
    features: Object.entries(mapping.features).map(([name, spec]) => mappedFeature(name, spec)),
    responses: Object.entries(mapping.responses).map(([name, { role, unit, min, max, default: value }]) =>
      importedResponse({ name, role, unit, min, max, default: value }),
    ),
  });
}

export async function* readMapped(file: string, mapping: Mapping): AsyncIterable<ImportedDecision> {
  const named = [
    ...Object.values(mapping.columns),
    ...Object.values(mapping.features).map((spec) => spec.column),
    ...Object.values(mapping.responses).map((spec) => spec.column),
  ].filter((column) => column !== undefined);
  let index = 0;
  for await (const row of readRows(file, (header) => requireColumns(file, header, [...new Set(named)]))) {
    yield toDecision(row, index, mapping);
    index += 1;
  }
}

/** A column that the mapping names and the file lacks is the mapping's fault: said once, with what there is. */
function requireColumns(file: string, header: readonly string[], named: readonly string[]): void {
  const missing = named.filter((column) => !header.includes(column));
  if (missing.length === 0) return;
  throw new AllotError(
    'mapping_invalid',
    `${file}, line 1: the mapping names ${missing.map((c) => `"${c}"`).join(', ')}, the file has ${header.join(', ')}`,
    { violations: missing.map((column) => ({ field: column, rule: 'is not a column of the file' })) },
  );
}

function toDecision(row: SourceRow, index: number, mapping: Mapping): ImportedDecision {
  const { columns } = mapping;
  const action = textAt(row, columns.action);
  if (!mapping.actions.includes(action)) {
    throw cellError(row, columns.action, `must be one of ${mapping.actions.join(', ')}`);
  }
  const requestId = columns.requestId === undefined ? `row-${index}` : textAt(row, columns.requestId);
  return {
    requestId: `${mapping.policyVersion}:${requestId}`,
    unitId: columns.unitId === undefined ? `row-${index}` : textAt(row, columns.unitId),
    sessionId: columns.sessionId === undefined ? null : textAt(row, columns.sessionId),
    decidedAt:
      columns.decidedAt === undefined ? UNDATED_START + index * 1000 : timeAt(row, columns.decidedAt),
    features: Object.fromEntries(
      Object.entries(mapping.features).map(([name, spec]) => [name, featureAt(row, spec)]),
    ),
    eligibleActions: mapping.actions,
    action,
    propensity: propensityAt(row, columns.propensity),
    policyVersion: mapping.policyVersion,
    responses: Object.fromEntries(
      Object.entries(mapping.responses).map(([name, spec]) => [name, rangedAt(row, spec)]),
    ),
  };
}

function rangedAt(row: SourceRow, spec: { column: string; min: number; max: number }): number {
  const value = numberAt(row, spec.column);
  if (value < spec.min || value > spec.max) {
    throw cellError(row, spec.column, `must be in [${spec.min}, ${spec.max}]`);
  }
  return value;
}

function featureAt(row: SourceRow, spec: Mapping['features'][string]): FeatureValue {
  if (spec.type === 'numeric') return rangedAt(row, spec);
  if (spec.type === 'hashed') return idAt(row, spec.column);
  if (spec.type === 'sequence') return sequenceReader(spec)(row);
  const text = textAt(row, spec.column);
  if (spec.type === 'boolean') {
    if (!['0', '1', 'true', 'false'].includes(text))
      throw cellError(row, spec.column, 'must be 0, 1, true or false');
    return text === '1' || text === 'true';
  }
  if (!spec.values.includes(text))
    throw cellError(row, spec.column, `must be one of ${spec.values.join(', ')}`);
  return text;
}

/** Nobody knows what is not there: an empty cell is the empty text. */
function idAt(row: SourceRow, column: string): string {
  const text = row.values[column] ?? '';
  const rule = hashedRule(text);
  if (rule !== null) throw cellError(row, column, rule);
  return text;
}
