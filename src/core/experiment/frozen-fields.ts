import type { Experiment } from './experiment.ts';
import { DEFAULT_METHOD } from './test-methods.ts';

/** Fields of an experiment that decide who is on which side; changing one while it holds units would move people. */
export function reRandomisingChanges(before: Experiment, after: Experiment): readonly string[] {
  const fields = ['surface', 'salt', 'layer', 'holdoutShare', 'variants', 'blocks'] as const;
  const isKept = (field: (typeof fields)[number]): boolean => {
    if (field !== 'blocks') return same(before[field], after[field]);
    return same(before.blocks, after.blocks.slice(0, before.blocks.length));
  };
  return fields.filter((field) => !isKept(field));
}

/** By what its looks are judged: whoever changed it after a look could choose the verdict. */
export function judgementOf({ level, plan }: Experiment): Readonly<Record<string, unknown>> {
  if (plan === undefined) return { level, method: DEFAULT_METHOD };
  const { method = DEFAULT_METHOD, estimand, tunedAtUnits, covariate, metrics } = plan;
  return { level, method, estimand, tunedAtUnits, covariate, metrics };
}

/** What of it a new declaration changes. An experiment of before there were plans has said only a part of it. */
export function rejudgingChanges(before: Experiment, after: Experiment): readonly string[] {
  const next = judgementOf(after);
  return Object.entries(judgementOf(before)).flatMap(([field, value]) =>
    same(value, next[field]) ? [] : [field],
  );
}

/** Whatever the order of their fields: a database does not keep it. */
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a, inOrder) === JSON.stringify(b, inOrder);

const inOrder = (_: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;
