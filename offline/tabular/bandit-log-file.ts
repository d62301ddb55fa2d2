import type { BanditLog, EvaluationPolicy } from '../../src/core/ope/bandit-log.ts';
import type { Locate } from '../../src/core/ope/trouble.ts';
import { unreadable, type ColumnRequest, type TabularColumns } from './columns.ts';
import { readChosenColumns } from './read-columns.ts';

/** Which column of a file is what. */
export interface BanditLogColumns {
  readonly action: string;
  readonly rewards: readonly string[];
  readonly propensity: string;
  readonly evaluation:
    | { readonly kind: 'probability'; readonly column: string }
    | { readonly kind: 'distribution'; readonly prefix: string };
  /** Prefix of q̂ per action, by reward. */
  readonly rewardModels: ReadonlyMap<string, string>;
  readonly unit?: string;
}

export interface BanditLogFile {
  readonly log: BanditLog;
  readonly policy: EvaluationPolicy;
  readonly rewardModels: ReadonlyMap<string, Float64Array>;
  readonly locate: Locate;
  /** False: no unit was given on any row, so every row is its own unit. */
  readonly hasUnits: boolean;
}

/**
 * Reads a log of any origin for `evaluateLog`. Empty, NaN or impossible probabilities are left for it to refuse with
 * their line; everything else that is not what its column promises is unreadable.
 */
export async function readBanditLog(file: string, columns: BanditLogColumns): Promise<BanditLogFile> {
  const needsIndexes = columns.evaluation.kind === 'distribution' || columns.rewardModels.size > 0;
  let evaluationColumns: readonly string[] = [];
  const modelColumns = new Map<string, readonly string[]>();
  const table = await readChosenColumns(file, (header) => {
    if (columns.evaluation.kind === 'distribution') {
      evaluationColumns = actionColumns(file, header, columns.evaluation.prefix);
    }
    for (const [reward, prefix] of columns.rewardModels) {
      modelColumns.set(reward, actionColumns(file, header, prefix));
    }
    return requests(columns, evaluationColumns, [...modelColumns.values()].flat(), needsIndexes);
  });
  const actionCount = evaluationColumns.length || ([...modelColumns.values()][0]?.length ?? 0);
  for (const [reward, names] of modelColumns) assertWidth(file, reward, names.length, actionCount);
  const { units, unitCount, hasUnits } = unitsOf(table, columns.unit);
  return {
    log: {
      rounds: table.rows,
      actions: needsIndexes
        ? indexedActions(table, columns.action, actionCount)
        : namedActions(table, columns.action),
      propensities: numbers(table, columns.propensity),
      responses: new Map(columns.rewards.map((name) => [name, numbers(table, name)])),
      units,
      unitCount,
    },
    policy: policyOf(table, columns, evaluationColumns),
    rewardModels: new Map([...modelColumns].map(([reward, names]) => [reward, interleaved(table, names)])),
    locate: table.locate,
    hasUnits,
  };
}

function requests(
  columns: BanditLogColumns,
  evaluationColumns: readonly string[],
  modelColumns: readonly string[],
  needsIndexes: boolean,
): ColumnRequest[] {
  const evaluation =
    columns.evaluation.kind === 'probability' ? [columns.evaluation.column] : evaluationColumns;
  const wanted: ColumnRequest[] = [
    { name: columns.action, type: needsIndexes ? 'number' : 'text' },
    ...[columns.propensity, ...evaluation].map((name) => ({ name, type: 'number', missing: 'nan' }) as const),
    ...[...columns.rewards, ...modelColumns].map((name) => ({ name, type: 'number' }) as const),
    ...(columns.unit === undefined ? [] : [{ name: columns.unit, type: 'text' } as const]),
  ];
  // A column may serve twice (the propensity as the evaluation probability); text and number are read apart.
  return wanted.filter((a, i) => wanted.findIndex((b) => a.name === b.name && a.type === b.type) === i);
}

/** `prefix0 … prefixK-1` in the header; a gap in the numbers is refused. */
function actionColumns(file: string, header: readonly string[], prefix: string): readonly string[] {
  const present = new Set(header);
  const names: string[] = [];
  while (present.has(`${prefix}${names.length}`)) names.push(`${prefix}${names.length}`);
  const numbered = header.filter(
    (name) => name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length)),
  );
  if (names.length > 0 && numbered.length === names.length) return names;
  const rule =
    numbered.length === 0
      ? `the file has no columns ${prefix}0, ${prefix}1, …`
      : `columns must be ${prefix}0 … ${prefix}${numbered.length - 1} without a gap, there is no ${prefix}${names.length}`;
  throw unreadable(file, { field: prefix, rule });
}

function assertWidth(file: string, reward: string, found: number, actionCount: number): void {
  if (found === actionCount) return;
  const rule = `the reward model has ${found} actions, the evaluation distribution ${actionCount}`;
  throw unreadable(file, { field: reward, rule });
}

function numbers(table: TabularColumns, name: string): Float64Array {
  return table.numbers.get(name) ?? new Float64Array(0);
}

function indexedActions(table: TabularColumns, name: string, actionCount: number): Int32Array {
  const actions = Int32Array.from(numbers(table, name));
  numbers(table, name).forEach((value, row) => {
    if (Number.isInteger(value) && value >= 0 && value < actionCount) return;
    const rule = `must be an action index, an integer in 0 … ${actionCount - 1}`;
    throw unreadable(table.locate(row), { field: name, rule, value });
  });
  return actions;
}

/** Without a column per action, an action may be any label; it is numbered by first appearance. */
function namedActions(table: TabularColumns, name: string): Int32Array {
  const labels = new Map<string, number>();
  return Int32Array.from(table.texts.get(name) ?? [], (label, row) => {
    if (label === null) throw unreadable(table.locate(row), { field: name, rule: 'must not be empty' });
    const known = labels.get(label) ?? labels.size;
    labels.set(label, known);
    return known;
  });
}

function unitsOf(
  table: TabularColumns,
  name: string | undefined,
): { units: Int32Array; unitCount: number; hasUnits: boolean } {
  const ids = name === undefined ? [] : (table.texts.get(name) ?? []);
  if (ids.every((id) => id === null)) {
    return {
      units: Int32Array.from({ length: table.rows }, (_, i) => i),
      unitCount: table.rows,
      hasUnits: false,
    };
  }
  const known = new Map<string, number>();
  const units = Int32Array.from(ids, (id, row) => {
    if (id === null) {
      const rule = 'must not be empty where other rows have a unit';
      throw unreadable(table.locate(row), { field: name ?? 'unit', rule });
    }
    const unit = known.get(id) ?? known.size;
    known.set(id, unit);
    return unit;
  });
  return { units, unitCount: known.size, hasUnits: true };
}

function policyOf(
  table: TabularColumns,
  columns: BanditLogColumns,
  evaluationColumns: readonly string[],
): EvaluationPolicy {
  if (columns.evaluation.kind === 'probability') {
    return { kind: 'logged-action', probabilities: numbers(table, columns.evaluation.column) };
  }
  return {
    kind: 'distribution',
    actionCount: evaluationColumns.length,
    probabilities: interleaved(table, evaluationColumns),
  };
}

/** Columns to one row-major matrix. */
function interleaved(table: TabularColumns, names: readonly string[]): Float64Array {
  const matrix = new Float64Array(table.rows * names.length);
  names.forEach((name, j) => {
    const column = numbers(table, name);
    for (let i = 0; i < table.rows; i++) matrix[i * names.length + j] = column[i];
  });
  return matrix;
}
