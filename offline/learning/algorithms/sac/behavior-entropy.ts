import type { Dataset } from '../../../dataset/dataset.ts';
import type { TrainingData } from '../../data/training-data.ts';

/**
 * Mean entropy in nats of the policy that made the log, over the rows that no rule forced: from the logged distribution
 * where there is one, else (an imported log that does not tell) of the action frequencies of the row's group, which is
 * an upper bound of it.
 */
export function behaviorEntropy(dataset: Dataset, data: TrainingData, rows: Int32Array): number {
  const k = data.actionCount;
  const steerable = rows.filter((row) => data.isSteerable[row] === 1);
  if (steerable.length === 0) return 0;
  const byGroup = groupFrequencies(data, steerable);
  let sum = 0;
  for (const row of steerable) {
    const own = dataset.probabilities.subarray(row * k, (row + 1) * k);
    sum += entropy(own.some(Number.isNaN) ? byGroup[data.groups[row]] : own);
  }
  return sum / steerable.length;
}

function groupFrequencies(data: TrainingData, rows: Int32Array): Float64Array[] {
  const counts = Array.from({ length: data.groupCount }, () => new Float64Array(data.actionCount));
  for (const row of rows) counts[data.groups[row]][data.actions[row]] += 1;
  return counts.map((own) => {
    const total = own.reduce((a, b) => a + b, 0);
    return own.map((n) => (total === 0 ? 0 : n / total));
  });
}

const entropy = (p: Float64Array): number => p.reduce((sum, v) => (v > 0 ? sum - v * Math.log(v) : sum), 0);
