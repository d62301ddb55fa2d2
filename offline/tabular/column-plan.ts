import { unreadable, type ColumnRequest } from './columns.ts';
import type { BanditLogColumns, PolicyColumns } from './log-columns.ts';

/** The columns of one prefix, and what they are to a person. */
interface ActionTable {
  readonly prefix: string;
  readonly field: string;
  readonly what: string;
}

/** Which columns of a file to read, once its header is known. */
export interface ColumnPlan {
  /** `prefix0 … prefixK-1` by prefix. */
  readonly tables: ReadonlyMap<string, readonly string[]>;
  /** K; 0 where no column per action was asked for, so that actions may be any label. */
  readonly actionCount: number;
  readonly requests: readonly ColumnRequest[];
}

/** @throws AllotError `log_unreadable`: a prefix without columns, with a gap, or with another number of actions */
export function planColumns(file: string, header: readonly string[], columns: BanditLogColumns): ColumnPlan {
  const asked = actionTables(columns);
  const tables = new Map(asked.map(({ prefix }) => [prefix, actionColumns(file, header, prefix)]));
  const first = asked[0];
  const actionCount = first === undefined ? 0 : (tables.get(first.prefix)?.length ?? 0);
  for (const { prefix, field, what } of asked) {
    const found = tables.get(prefix)?.length ?? 0;
    if (found === actionCount) continue;
    const rule = `the ${what} has ${found} actions, the ${first.what} ${actionCount}`;
    throw unreadable(file, { field, rule });
  }
  return { tables, actionCount, requests: requests(columns, tables, actionCount > 0) };
}

/** Every prefix that was named; the one that says how many actions there are comes first. */
function actionTables(columns: BanditLogColumns): ActionTable[] {
  const tables: ActionTable[] = [];
  const add = (prefix: string | undefined, what: string, field = prefix): void => {
    if (prefix !== undefined) tables.push({ prefix, what, field: field ?? prefix });
  };
  add(prefixOf(columns.evaluation), 'evaluation distribution');
  add(columns.opponent && prefixOf(columns.opponent), 'distribution to compare with');
  add(columns.behaviorDistribution, 'behavior distribution');
  for (const [version, prefix] of columns.versionDistributions ?? []) {
    add(prefix, `distribution of behavior version ${version}`);
  }
  for (const [reward, prefix] of columns.rewardModels) add(prefix, 'reward model', reward);
  for (const [reward, prefix] of columns.mrdrModels ?? []) add(prefix, 'reward model for mrdr', reward);
  for (const [reward, prefix] of columns.actionValues ?? []) add(prefix, 'table of Q(s, a)', reward);
  return tables;
}

const prefixOf = (policy: PolicyColumns): string | undefined =>
  policy.kind === 'distribution' ? policy.prefix : undefined;

/** Probabilities may be missing or broken: the examination of the log refuses them with their row. */
function requests(
  columns: BanditLogColumns,
  tables: ReadonlyMap<string, readonly string[]>,
  needsIndexes: boolean,
): ColumnRequest[] {
  const wanted: ColumnRequest[] = [];
  const add = (names: readonly (string | undefined)[], request: Omit<ColumnRequest, 'name'>): void => {
    for (const name of names) if (name !== undefined) wanted.push({ name, ...request });
  };
  const table = (prefix: string | undefined): readonly string[] => tables.get(prefix ?? '') ?? [];
  const policies = [columns.evaluation, ...(columns.opponent === undefined ? [] : [columns.opponent])];
  add([columns.action], { type: needsIndexes ? 'number' : 'text' });
  add([columns.propensity], { type: 'number', missing: 'nan' });
  for (const policy of policies) {
    const names = policy.kind === 'probability' ? [policy.column] : table(policy.prefix);
    add(names, { type: 'number', missing: 'nan' });
  }
  const behavior = [columns.behaviorDistribution, ...(columns.versionDistributions?.values() ?? [])];
  add(behavior.flatMap(table), { type: 'number', missing: 'nan' });
  const models = [columns.rewardModels, columns.mrdrModels, columns.actionValues];
  add(
    models.flatMap((map) => [...(map?.values() ?? [])].flatMap(table)),
    { type: 'number' },
  );
  const { sessions } = columns;
  add([...columns.rewards, ...(columns.stateValues?.values() ?? [])], { type: 'number' });
  add([columns.forced, sessions?.step, sessions?.terminal, sessions?.marginalRatio], { type: 'number' });
  add([columns.unit, columns.behaviorVersion, sessions?.session, sessions?.state], { type: 'text' });
  add(columns.groupings ?? [], { type: 'text' });
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
