import type { RunView } from './run-view.ts';

export interface Difference {
  readonly name: string;
  readonly first: unknown;
  readonly second: unknown;
}

export interface Pair {
  readonly name: string;
  /** null: this run does not have it. */
  readonly first: number | null;
  readonly second: number | null;
}

export interface RunComparison {
  readonly first: RunView;
  readonly second: RunView;
  /** null: one of them has none. */
  readonly isSameSnapshot: boolean | null;
  /** Of the artifacts' descent: what is not the same. */
  readonly lineage: readonly Difference[];
  /** Settings by path that are not the same. */
  readonly config: readonly Difference[];
  readonly metrics: readonly Pair[];
  /** Allocating share by group. */
  readonly rates: readonly Pair[];
}

export function compareRuns(first: RunView, second: RunView): RunComparison {
  const hashes = [first.snapshotHash, second.snapshotHash];
  return {
    first,
    second,
    isSameSnapshot: hashes.includes(null) ? null : hashes[0] === hashes[1],
    lineage: differences(lineageOf(first), lineageOf(second)),
    config: differences(flat(first.config), flat(second.config)),
    metrics: pairs(first.metrics, second.metrics),
    rates: pairs(first.rates, second.rates),
  };
}

/** From the artifact back: run, snapshot, the versions that served its log, and what computed it. */
export const lineageOf = (run: RunView): Record<string, unknown> => ({
  kind: run.kind,
  surface: run.surface,
  artifact: run.artifactHash,
  policyVersion: run.policyVersion,
  snapshot: run.snapshotHash,
  behaviorVersions: run.behaviorVersions.join(', '),
  algorithm: run.algorithm,
  seed: run.seed,
  backend: run.backend,
  codeVersion: run.codeVersion,
});

function differences(
  first: Readonly<Record<string, unknown>>,
  second: Readonly<Record<string, unknown>>,
): Difference[] {
  return union(first, second)
    .map((name) => ({ name, first: first[name] ?? null, second: second[name] ?? null }))
    .filter((pair) => JSON.stringify(pair.first) !== JSON.stringify(pair.second));
}

const pairs = (first: Readonly<Record<string, number>>, second: Readonly<Record<string, number>>): Pair[] =>
  union(first, second).map((name) => ({ name, first: first[name] ?? null, second: second[name] ?? null }));

const union = (first: object, second: object): string[] => [
  ...new Set([...Object.keys(first), ...Object.keys(second)]),
];

/** `{a: {b: 1}}` as `{'a.b': 1}`; lists stay whole. */
function flat(value: Readonly<Record<string, unknown>>, path = ''): Record<string, unknown> {
  const entries = Object.entries(value).flatMap(([name, entry]): [string, unknown][] =>
    typeof entry === 'object' && entry !== null && !Array.isArray(entry)
      ? Object.entries(flat(entry as Record<string, unknown>, `${path}${name}.`))
      : [[`${path}${name}`, entry]],
  );
  return Object.fromEntries(entries);
}
