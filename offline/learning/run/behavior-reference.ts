import type { Dataset } from '../../dataset/dataset.ts';

/** A set of states that is watched: all held ones, or those of a group. */
export interface Population {
  /** null: all. */
  readonly group: string | null;
  readonly rows: Int32Array;
  /** Of the behaviour: mean probability of allocating anything; NaN on a surface without a null action. */
  readonly share: number;
  /** Of the behaviour: mean entropy as a share of the largest possible, 1 for uniform. */
  readonly entropy: number;
}

/** A group with fewer held states than this is not watched on its own. */
const fewestStates = 30;

/** The behaviour on the held states, overall and by group. */
export function populationsOf(dataset: Dataset, rows: Int32Array): Population[] {
  const { groups } = dataset.manifest.surface;
  const parts = (groups?.names ?? []).map((group, g) => ({
    group,
    rows: rows.filter((row) => dataset.groups[row] === g),
  }));
  return [{ group: null, rows }, ...parts]
    .filter((part) => part.rows.length >= fewestStates)
    .map((part) => ({ ...part, ...behaviorOf(dataset, part.rows) }));
}

export function nullIndexOf(dataset: Dataset): number {
  const { actions, nullAction } = dataset.manifest.surface;
  return nullAction === null ? -1 : actions.indexOf(nullAction);
}

/** From the logged distributions; where a log does not tell them, from the logged actions. */
function behaviorOf(dataset: Dataset, rows: Int32Array): { share: number; entropy: number } {
  const k = dataset.manifest.surface.actions.length;
  const nullIndex = nullIndexOf(dataset);
  const told = rows.filter((row) => Number.isFinite(dataset.probabilities[row * k]));
  if (told.length === 0) return fromActions(dataset, rows, nullIndex);
  let share = 0;
  let entropy = 0;
  for (const row of told) {
    const p = dataset.probabilities.subarray(row * k, (row + 1) * k);
    share += 1 - (p[nullIndex] ?? NaN);
    entropy += normalisedEntropy(p, k);
  }
  return { share: share / told.length, entropy: entropy / told.length };
}

function fromActions(dataset: Dataset, rows: Int32Array, nullIndex: number) {
  const k = dataset.manifest.surface.actions.length;
  const shares = new Float64Array(k);
  for (const row of rows) shares[dataset.actions[row]] += 1 / rows.length;
  return { share: 1 - (shares[nullIndex] ?? NaN), entropy: normalisedEntropy(shares, k) };
}

/** −Σ p log p / log n. */
export function normalisedEntropy(p: ArrayLike<number>, n: number): number {
  if (n < 2) return 1;
  let entropy = 0;
  for (let a = 0; a < p.length; a += 1) if (p[a] > 0) entropy -= p[a] * Math.log(p[a]);
  return entropy / Math.log(n);
}
