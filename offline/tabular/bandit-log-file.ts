import type { BanditLog, BehaviorVersions, EvaluationPolicy } from '../../src/core/ope/bandit-log.ts';
import type { Grouping } from '../../src/core/ope/by-group.ts';
import type { ValueTables } from '../../src/core/ope/sequential/value-tables.ts';
import type { Locate } from '../../src/core/ope/trouble.ts';
import { planColumns, type ColumnPlan } from './column-plan.ts';
import { unreadable, type TabularColumns } from './columns.ts';
import { groupLabels, numberedLabels, unitsOf } from './label-columns.ts';
import type { BanditLogColumns, PolicyColumns, SessionColumnNames } from './log-columns.ts';
import { readChosenColumns } from './read-columns.ts';

export type { BanditLogColumns } from './log-columns.ts';

/** What makes sessions of the rows of a log, in the order of its rows. */
export interface SessionRows {
  readonly sessions: ArrayLike<string | number>;
  readonly steps: Float64Array;
  readonly terminals?: Float64Array;
  readonly states?: ArrayLike<string | number>;
  readonly marginalRatios?: Float64Array;
}

export interface BanditLogFile {
  readonly log: BanditLog;
  readonly policy: EvaluationPolicy;
  readonly opponent: EvaluationPolicy | null;
  readonly rewardModels: ReadonlyMap<string, Float64Array>;
  readonly mrdrModels: ReadonlyMap<string, Float64Array>;
  readonly sessions: SessionRows | null;
  readonly valueTables: ReadonlyMap<string, ValueTables>;
  readonly groupings: readonly Grouping[];
  readonly locate: Locate;
  /** False: no unit was given on any row, so every row is its own unit. */
  readonly hasUnits: boolean;
}

/**
 * Reads a log of any origin for `evaluateLog` and `evaluateSequentialLog`. Empty, NaN or impossible probabilities are left
 * for them to refuse with their line; everything else that is not what its column promises is unreadable.
 */
export async function readBanditLog(file: string, columns: BanditLogColumns): Promise<BanditLogFile> {
  let plan: ColumnPlan = { tables: new Map(), actionCount: 0, requests: [] };
  const table = await readChosenColumns(file, (header) => {
    plan = planColumns(file, header, columns);
    return plan.requests;
  });
  const wide = (prefix: string): Float64Array => interleaved(table, plan.tables.get(prefix) ?? []);
  const tablesOf = (prefixes: ReadonlyMap<string, string> | undefined) =>
    new Map([...(prefixes ?? [])].map(([reward, prefix]) => [reward, wide(prefix)]));
  const { hasUnits, ...units } = unitsOf(table, columns);
  return {
    log: {
      rounds: table.rows,
      actions: actionsOf(table, columns.action, plan.actionCount),
      propensities: numbers(table, columns.propensity),
      responses: new Map(columns.rewards.map((name) => [name, numbers(table, name)])),
      ...units,
      ...behaviorOf(table, columns, wide),
      ...(columns.forced === undefined ? {} : { isForced: flags(table, columns.forced) }),
    },
    policy: policyOf(table, columns.evaluation, plan),
    opponent: columns.opponent === undefined ? null : policyOf(table, columns.opponent, plan),
    rewardModels: tablesOf(columns.rewardModels),
    mrdrModels: tablesOf(columns.mrdrModels),
    sessions: columns.sessions === undefined ? null : sessionsOf(table, columns.sessions),
    valueTables: valueTablesOf(table, columns, tablesOf(columns.actionValues)),
    groupings: (columns.groupings ?? []).map((name) => ({ name, ...groupLabels(table, name) })),
    locate: table.locate,
    hasUnits,
  };
}

function numbers(table: TabularColumns, name: string): Float64Array {
  return table.numbers.get(name) ?? new Float64Array(0);
}

function flags(table: TabularColumns, name: string): Uint8Array {
  const values = numbers(table, name);
  values.forEach((value, row) => {
    if (value === 0 || value === 1) return;
    throw unreadable(table.locate(row), { field: name, rule: 'must be 0 or 1', value });
  });
  return Uint8Array.from(values);
}

/** Indexes where there is a column per action; any label, numbered by first appearance, where there is none. */
function actionsOf(table: TabularColumns, name: string, actionCount: number): Int32Array {
  if (actionCount === 0) return numberedLabels(table, name).index;
  const actions = Int32Array.from(numbers(table, name));
  numbers(table, name).forEach((value, row) => {
    if (Number.isInteger(value) && value >= 0 && value < actionCount) return;
    const rule = `must be an action index, an integer in 0 … ${actionCount - 1}`;
    throw unreadable(table.locate(row), { field: name, rule, value });
  });
  return actions;
}

function policyOf(table: TabularColumns, policy: PolicyColumns, plan: ColumnPlan): EvaluationPolicy {
  if (policy.kind === 'probability') {
    return { kind: 'logged-action', probabilities: numbers(table, policy.column) };
  }
  const names = plan.tables.get(policy.prefix) ?? [];
  return { kind: 'distribution', actionCount: names.length, probabilities: interleaved(table, names) };
}

function behaviorOf(
  table: TabularColumns,
  columns: BanditLogColumns,
  wide: (prefix: string) => Float64Array,
): Pick<BanditLog, 'behaviorProbabilities' | 'behaviorVersions'> {
  const { behaviorDistribution, behaviorVersion } = columns;
  return {
    ...(behaviorDistribution === undefined ? {} : { behaviorProbabilities: wide(behaviorDistribution) }),
    ...(behaviorVersion === undefined
      ? {}
      : { behaviorVersions: versionsOf(table, columns, behaviorVersion, wide) }),
  };
}

/** p_j(aᵢ∣xᵢ) of the logged action, from the distribution of each version; NaN for a version without one. */
function versionsOf(
  table: TabularColumns,
  columns: BanditLogColumns,
  name: string,
  wide: (prefix: string) => Float64Array,
): BehaviorVersions {
  const { labels: names, index } = numberedLabels(table, name);
  const prefixes = columns.versionDistributions;
  if (prefixes === undefined || prefixes.size === 0) return { names, index };
  for (const version of prefixes.keys()) {
    if (names.includes(version)) continue;
    const rule = `no row was served by ${version}; there are ${names.slice(0, 20).join(', ')}`;
    throw unreadable(table.file, { field: name, rule });
  }
  const actions = numbers(table, columns.action);
  const probabilities = new Float64Array(table.rows * names.length).fill(NaN);
  names.forEach((version, j) => {
    const prefix = prefixes.get(version);
    if (prefix === undefined) return;
    const distribution = wide(prefix);
    const width = distribution.length / table.rows;
    for (let i = 0; i < table.rows; i++) {
      probabilities[i * names.length + j] = distribution[i * width + actions[i]];
    }
  });
  return { names, index, probabilities };
}

function sessionsOf(table: TabularColumns, names: SessionColumnNames): SessionRows {
  const { terminal, state, marginalRatio } = names;
  return {
    sessions: numberedLabels(table, names.session).index,
    steps: numbers(table, names.step),
    ...(terminal === undefined ? {} : { terminals: Float64Array.from(flags(table, terminal)) }),
    ...(state === undefined ? {} : { states: numberedLabels(table, state).index }),
    ...(marginalRatio === undefined ? {} : { marginalRatios: numbers(table, marginalRatio) }),
  };
}

function valueTablesOf(
  table: TabularColumns,
  { rewards, stateValues }: BanditLogColumns,
  actionValues: ReadonlyMap<string, Float64Array>,
): ReadonlyMap<string, ValueTables> {
  const found = new Map<string, ValueTables>();
  for (const reward of rewards) {
    const q = actionValues.get(reward);
    const v = stateValues?.get(reward);
    if (q === undefined && v === undefined) continue;
    found.set(reward, {
      ...(q === undefined ? {} : { actionValues: q }),
      ...(v === undefined ? {} : { stateValues: numbers(table, v) }),
    });
  }
  return found;
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
