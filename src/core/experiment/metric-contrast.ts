import type { Cell } from './cell-statistics.ts';
import type { ExperimentPlan } from './plan.ts';
import { contrast, type Contrast, type Stratum } from './statistics/contrast.ts';
import { noMoments, type Moments } from './statistics/moments.ts';

export interface Compared {
  readonly plan: Pick<ExperimentPlan, 'estimand' | 'minUnits'>;
  readonly control: { readonly cells: readonly Cell[] };
  readonly treatment: { readonly cells: readonly Cell[] };
}

/** Treatment against control in one metric; null: there are too few units for an interval. */
export function metricContrast(metric: string, { plan, control, treatment }: Compared): Contrast | null {
  const kind = plan.estimand === 'per-unit' ? 'mean' : 'ratio';
  const found = contrast(strataOf(metric, control.cells, treatment.cells, kind), { kind });
  if (found === null || Math.min(found.control.units, found.treatment.units) < plan.minUnits) return null;
  return found;
}

/** By block and day; per decision the coordinates are (Y, N, covariates), per unit N is left out. */
function strataOf(
  metric: string,
  control: readonly Cell[],
  treatment: readonly Cell[],
  kind: 'mean' | 'ratio',
): readonly Stratum[] {
  const byStratum = new Map<string, { control: Moments; treatment: Moments }>();
  const add = (arm: 'control' | 'treatment', cells: readonly Cell[]): void => {
    for (const { block, day, statistics } of cells) {
      const stored = statistics.metrics[metric] as Moments | undefined;
      if (stored === undefined) continue;
      const moments = kind === 'ratio' ? stored : withoutCoordinate(stored, 1);
      const key = `${String(block)} ${day}`;
      const none = noMoments(moments.mean.length);
      const stratum = byStratum.get(key) ?? { control: none, treatment: none };
      byStratum.set(key, { ...stratum, [arm]: moments });
    }
  };
  add('control', control);
  add('treatment', treatment);
  return [...byStratum.values()];
}

function withoutCoordinate({ units, mean, squares }: Moments, left: number): Moments {
  const d = mean.length;
  const isKept = (i: number): boolean => i !== left;
  return {
    units,
    mean: mean.filter((_, i) => isKept(i)),
    squares: squares.filter((_, ij) => isKept(Math.floor(ij / d)) && isKept(ij % d)),
  };
}
