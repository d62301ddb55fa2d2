import type { Surface } from '../../../src/core/surface/surface.ts';
import type { Dataset } from '../../dataset/dataset.ts';
import { displacedTime } from '../data/displaced-time.ts';
import { columnOf, mainTerms, noColumns, type DerivedColumns } from '../data/rewards.ts';
import type { DisplacedTimeConfig } from './config.ts';

/**
 * The signed cost c = 1[a ≠ null] · (d(x) − T), T the main response of the decision and d what allocating displaces: above
 * 0 where the stream took more than it gave. `displaced-time`, in the unit of T; empty without the setting.
 */
export function costColumns(
  dataset: Dataset,
  surface: Surface,
  trainRows: Int32Array,
  setting: DisplacedTimeConfig,
): DerivedColumns {
  if (setting === null) return noColumns;
  const displaced = displacedTime(dataset, trainRows, setting.response, { method: setting.method });
  const allocated = columnOf(dataset, 'share-of-actions');
  const main = columnOf(dataset, mainTerms(surface, {})[0].response);
  return new Map([['displaced-time', displaced.map((d, row) => allocated[row] * (d - main[row]))]]);
}
