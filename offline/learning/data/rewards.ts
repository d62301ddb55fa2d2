import type { Surface } from '../../../src/core/surface/surface.ts';
import { AllotError } from '../../../src/core/errors.ts';
import type { Dataset } from '../../dataset/dataset.ts';

/**
 * weight · response; the response's own unit. `share-of-actions` is 1 where something was allocated; a derived column
 * (`displaced-time`) is named like a response.
 */
export interface RewardTerm {
  readonly response: string;
  readonly weight: number;
}

/** A reward in units of its own standard deviation on the training rows. */
export interface Reward {
  /** n */
  readonly values: Float32Array;
  /** Standard deviation in the raw unit; values · scale + shift is the raw reward. */
  readonly scale: number;
  readonly shift: number;
  /** Largest |values|: bounds every honest action value by itself / (1 − γ). */
  readonly bound: number;
}

/** Columns that are computed, not logged: name → one value per row. */
export type DerivedColumns = ReadonlyMap<string, ArrayLike<number>>;

export const noColumns: DerivedColumns = new Map();

export type PlantedFault = 'inverted-reward';

/**
 * r = s · Σ wᵢ rᵢ with s = −1 under the fault-injection switch `inverted-reward` (it makes a candidate that works
 * hard for the opposite, for testing that a gate refuses it), else 1; standardised on the training rows that are
 * complete. The mean is subtracted only with discount 0, where a constant cannot change which action is best.
 */
export function composeReward(
  dataset: Dataset,
  terms: readonly RewardTerm[],
  options: {
    readonly trainRows: Int32Array;
    readonly discount: number;
    readonly plantedFault: PlantedFault | null;
    readonly columns?: DerivedColumns;
  },
): Reward {
  const sign = options.plantedFault === 'inverted-reward' ? -1 : 1;
  const raw = new Float64Array(dataset.rows);
  for (const { response, weight } of terms) {
    const column = columnOf(dataset, response, options.columns);
    for (let i = 0; i < raw.length; i += 1) raw[i] += sign * weight * column[i];
  }
  const known = options.trainRows.filter((row) => dataset.isComplete[row] === 1);
  const { mean, std } = meanAndStd(raw, known);
  const shift = options.discount === 0 ? mean : 0;
  const scale = std > 0 ? std : 1;
  const values = Float32Array.from(raw, (r, i) => (dataset.isComplete[i] === 1 ? (r - shift) / scale : 0));
  return { values, scale, shift, bound: values.reduce((max, v) => Math.max(max, Math.abs(v)), 0) };
}

/** A response, `share-of-actions` or a derived column, one value per row; `config_invalid` when there is none. */
export function columnOf(
  dataset: Dataset,
  response: string,
  columns: DerivedColumns = noColumns,
): ArrayLike<number> {
  if (response === 'share-of-actions') {
    const { actions, nullAction } = dataset.manifest.surface;
    const nullIndex = nullAction === null ? -1 : actions.indexOf(nullAction);
    return dataset.actions.map((action) => (action === nullIndex ? 0 : 1));
  }
  const column = dataset.responses.get(response) ?? columns.get(response);
  if (column === undefined)
    throw new AllotError('config_invalid', `the surface has no response named ${response}`);
  return column;
}

/** The main reward: + main response, − multiplier · cost for every fixed multiplier (RCPO with one critic). */
export function mainTerms(surface: Surface, multipliers: Readonly<Record<string, number>>): RewardTerm[] {
  const main = surface.responses.find((r) => r.role === 'main');
  if (main === undefined)
    throw new AllotError('config_invalid', 'the surface declares no response with role main');
  const costs = Object.entries(multipliers).map(([response, multiplier]) => ({
    response,
    weight: -multiplier,
  }));
  return [{ response: main.name, weight: 1 }, ...costs];
}

/**
 * A response as something to maximise: −1 for a cost, for an auxiliary that is to be minimised, and for what is no response
 * of the surface (`share-of-actions`, `displaced-time`): those are costs by nature.
 */
export function signedTerm(surface: Surface, response: string, minimise: readonly string[]): RewardTerm {
  const declared = surface.responses.find(({ name }) => name === response);
  const isCost = declared === undefined || declared.role === 'cost';
  return { response, weight: isCost || minimise.includes(response) ? -1 : 1 };
}

function meanAndStd(values: Float64Array, rows: Int32Array): { mean: number; std: number } {
  if (rows.length === 0) return { mean: 0, std: 0 };
  const mean = rows.reduce((sum, row) => sum + values[row], 0) / rows.length;
  const variance = rows.reduce((sum, row) => sum + (values[row] - mean) ** 2, 0) / rows.length;
  return { mean, std: Math.sqrt(variance) };
}
