import { refuse, violation } from '../../src/core/check.ts';
import { AllotError } from '../../src/core/errors.ts';
import { hashedRule } from '../../src/core/surface/hashed-rule.ts';
import type { FeatureValue, Surface } from '../../src/core/surface/surface.ts';
import { canonicalJson } from '../dataset/manifest.ts';
import { cellError, numberAt, propensityAt, textAt, timeAt } from './cells.ts';
import type { ImportedDecision } from './imported-decision.ts';
import { importedResponse, importedSurface } from './imported-surface.ts';
import { mappedFeature, sequenceReader } from './mapped-features.ts';
import type { Mapping } from './mapping.ts';
import { readRows, type SourceRow } from './rows.ts';

/** Rows without a time of their own get one second after another from here on: order is kept, dates mean nothing. */
const UNDATED_START = Date.UTC(2000, 0, 1);

export function mappedSurface(mapping: Mapping): Surface {
  const surface = importedSurface({
    name: mapping.surface,
    actions: mapping.actions,
    nullAction: mapping.nullAction,
    features: Object.entries(mapping.features).map(([name, spec]) => mappedFeature(name, spec)),
    responses: Object.entries(mapping.responses).map(([name, { role, unit, min, max, default: value }]) =>
      importedResponse({ name, role, unit, min, max, default: value }),
    ),
  });
  return { ...surface, schemaVersion: mapping.schemaVersion ?? 1, ...mappedLimits(mapping, surface) };
}

type Limits = Partial<Pick<Surface, 'groups' | 'constraints' | 'gate'>>;

/** Only what the mapping says. */
function mappedLimits({ groups, constraints, gate }: Mapping, { gate: { mainMargin } }: Surface): Limits {
  return {
    ...(groups === undefined ? {} : { groups }),
    ...(constraints === undefined ? {} : { constraints }),
    ...(gate === undefined ? {} : { gate: { ...gate, mainMargin: gate.mainMargin ?? mainMargin } }),
  };
}

/**
 * What to declare where the surface is known: a log tells actions, features and responses, and what a person has declared
 * beside them since stays. A limit that the mapping says otherwise is refused, unless it raises the schema version.
 */
export function besideKnown(mapping: Mapping, known: Surface | undefined): Surface {
  const told = mappedSurface(mapping);
  if (known === undefined) return told;
  const { name, actions, nullAction, features, responses } = told;
  const schemaVersion = mapping.schemaVersion ?? known.schemaVersion;
  const limits = mappedLimits(mapping, told);
  if (schemaVersion === known.schemaVersion) refuseOtherLimits(limits, known);
  return { ...known, name, schemaVersion, actions, nullAction, features, responses, ...limits };
}

function refuseOtherLimits(limits: Limits, known: Surface): void {
  const rule = `is declared otherwise on ${known.name}: change it there (PUT), or leave it out of the mapping`;
  const other = (Object.keys(limits) as (keyof Limits)[]).filter(
    (field) => canonicalJson(limits[field]) !== canonicalJson(known[field]),
  );
  refuse(
    'mapping_invalid',
    other.map((field) => violation(field, rule)),
  );
}

/** Header and first row by the mapping: what is wrong with all of it is found before anything is declared. */
export async function checkFirstRow(file: string, mapping: Mapping): Promise<void> {
  for await (const row of readMapped(file, mapping)) {
    void row;
    return;
  }
  throw new AllotError('log_unreadable', `${file}: file: has no rows`, {
    violations: [violation('file', 'has no rows')],
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
