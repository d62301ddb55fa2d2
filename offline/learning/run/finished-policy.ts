import { percentileInterval, resampleTotals } from '../../../src/core/ope/bootstrap.ts';
import { ratio } from '../../../src/core/ope/estimator.ts';
import { effectiveSampleSize } from '../../../src/core/ope/health.ts';
import { valuesOfTotals } from '../../../src/core/ope/intervals/poisson-bootstrap.ts';
import type { PolicyArtifact } from '../../../src/core/policy/artifact.ts';
import { compilePolicy } from '../../../src/core/policy/policy.ts';
import type { Surface } from '../../../src/core/surface/surface.ts';
import type { Dataset } from '../../dataset/dataset.ts';
import type { Split } from '../../dataset/split.ts';
import type { Population } from './behavior-reference.ts';
import { HeldStates } from './held-states.ts';
import type { StepMetrics } from './learner.ts';

/** The finished artifact on states that it did not learn from, by the program that will serve it. */
export interface FinishedPolicy {
  /** See `HeldStates`. */
  readonly metrics: StepMetrics;
  readonly populations: readonly Population[];
  readonly validation: ValidationValue | null;
}

/** The main response per decision on the validation units: a screen of candidates, not the evaluation of one. */
export interface ValidationValue {
  readonly response: string;
  /** Σ w r / Σ w. */
  readonly value: number;
  /** Ends of a bootstrap by unit. */
  readonly lower: number;
  readonly upper: number;
  readonly level: number;
  readonly units: number;
  readonly effectiveUnits: number;
}

export function lookAtFinished(
  artifact: PolicyArtifact,
  surface: Surface,
  dataset: Dataset,
  split: Split,
): FinishedPolicy {
  const probabilities = eligibleProbabilities(artifact, surface, dataset);
  const held = new HeldStates(dataset, split);
  return {
    metrics: held.measure(probabilities(held.rows)),
    populations: held.populations,
    validation: validationValue(dataset, split.validation, probabilities),
  };
}

/** π(·∣s) over the eligible actions, (rows · K). */
function eligibleProbabilities(
  artifact: PolicyArtifact,
  surface: Surface,
  dataset: Dataset,
): (rows: Int32Array) => Float32Array {
  const policy = compilePolicy(artifact, surface);
  const k = policy.actionCount;
  const p = new Float64Array(k);
  return (rows) => {
    const out = new Float32Array(rows.length * k);
    rows.forEach((row, i) => {
      policy.probabilities(dataset.features[row], dataset.defaulted[row], p);
      let sum = 0;
      for (let a = 0; a < k; a += 1) sum += p[a] *= dataset.eligible[row * k + a];
      for (let a = 0; a < k; a += 1) out[i * k + a] = p[a] / sum;
    });
    return out;
  };
}

const level = 0.95;
/** Below this the weights rest on too few units for the bootstrap to mean anything. */
const fewestEffectiveUnits = 30;
const resamples = 400;

/** null where there is nothing to weigh with (no validation rows, no propensities) or too few units count. */
function validationValue(
  dataset: Dataset,
  rows: Int32Array,
  probabilities: (rows: Int32Array) => Float32Array,
): ValidationValue | null {
  const { surface } = dataset.manifest;
  const main = surface.responses.find(({ role }) => role === 'main');
  const column = main === undefined ? undefined : dataset.responses.get(main.name);
  if (main === undefined || column === undefined) return null;
  const usable = rows.filter(
    (row) => dataset.isComplete[row] && !dataset.isForced[row] && dataset.propensities[row] > 0,
  );
  const k = surface.actions.length;
  const p = probabilities(usable);
  const places = new Map(
    [...new Set(Array.from(usable, (row) => dataset.units[row]))].map((unit, i) => [unit, i]),
  );
  const weighted = new Float64Array(places.size);
  const weights = new Float64Array(places.size);
  usable.forEach((row, i) => {
    const weight = p[i * k + dataset.actions[row]] / dataset.propensities[row];
    const at = places.get(dataset.units[row]) ?? 0;
    weights[at] += weight;
    weighted[at] += weight * column[row];
  });
  const effectiveUnits = places.size === 0 ? 0 : effectiveSampleSize(weights);
  if (!(effectiveUnits >= fewestEffectiveUnits)) return null;
  const draws = valuesOfTotals(resampleTotals([weighted, weights], { resamples, seed: 1 }), ratio.value);
  const interval = percentileInterval(draws, level);
  if (interval === null) return null;
  const value = weighted.reduce((a, b) => a + b, 0) / weights.reduce((a, b) => a + b, 0);
  const { lower, upper } = interval;
  return { response: main.name, value, lower, upper, level, units: places.size, effectiveUnits };
}
