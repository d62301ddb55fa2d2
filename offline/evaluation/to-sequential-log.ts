import type { SequentialLog } from '../../src/core/ope/sequential/sequential-log.ts';
import type { Dataset } from '../dataset/dataset.ts';
import { toBanditLog } from './to-bandit-log.ts';

/** The sessions of a dataset. Its rows already stand by session and step, so policies and tables keep their order. */
export function toSequentialLog(dataset: Dataset, discount: number): SequentialLog {
  const starts: number[] = [];
  for (let row = 0; row < dataset.rows; row++) {
    if (row === 0 || dataset.nextRow[row - 1] !== row) starts.push(row);
  }
  const ends = [...starts.slice(1), dataset.rows];
  return {
    ...toBanditLog(dataset),
    sessionCount: starts.length,
    starts: Int32Array.from([...starts, dataset.rows]),
    discount,
    isCutOff: Uint8Array.from(starts, (_, session) => dataset.truncated[ends[session] - 1]),
  };
}
