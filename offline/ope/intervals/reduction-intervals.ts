import { percentileInterval } from '../../../src/core/ope/bootstrap.ts';
import { bcaInterval, jackknifeValues } from '../../../src/core/ope/intervals/bca.ts';
import { refuseInterval, type IntervalResult } from '../../../src/core/ope/intervals/interval-result.ts';
import { poissonTotals, valuesOfTotals } from '../../../src/core/ope/intervals/poisson-bootstrap.ts';
import { hashUnitIds } from '../../../src/core/ope/intervals/poisson-weights.ts';
import { studentT } from '../../../src/core/ope/intervals/student-t.ts';
import type { Reduction } from '../../../src/core/ope/sequential/reduction.ts';
import type { IntervalMethod } from '../question.ts';
import { influencesOf, resampledValuesOf, totalOf } from '../reductions.ts';

export interface ResamplingSettings {
  readonly level: number;
  readonly resamples: number;
  readonly seed: number;
}

/** The asymptotic intervals that only need unit sums; null for a method that needs more. */
export function reductionInterval(
  method: IntervalMethod,
  reduction: Reduction,
  settings: ResamplingSettings,
): IntervalResult | null {
  const { level } = settings;
  if (method === 'bootstrap-bca') {
    return bcaInterval(
      {
        value: totalOf(reduction),
        resampled: resampledValuesOf(reduction, settings),
        jackknife: jackknifeValues(reduction.columns, reduction.value),
      },
      { level },
    );
  }
  if (method === 'bootstrap-poisson') return poissonInterval(reduction, settings);
  if (method === 'student-t') return studentT(pseudoValues(reduction), { level });
  return null;
}

function poissonInterval(
  reduction: Reduction,
  { level, resamples, seed }: ResamplingSettings,
): IntervalResult {
  const units = reduction.columns[0]?.length ?? 0;
  const ids = hashUnitIds(Array.from({ length: units }, (_, k) => `${k}`));
  const totals = poissonTotals(reduction.columns, ids, { seed, from: 0, to: resamples });
  const interval = percentileInterval(valuesOfTotals(totals, reduction.value), level);
  const method = 'bootstrap-poisson';
  if (interval !== null) return { ...interval, method };
  const reason = 'some resamples carry no weight at all';
  return refuseInterval(method, level, 'bootstrap_undefined', reason, 'more units that carry weight');
}

/** V̂ + K (ψₖ − ψ̄): numbers with mean V̂ and standard error of the mean equal to that of the delta method. */
function pseudoValues(reduction: Reduction): Float64Array {
  const influences = influencesOf(reduction);
  const value = totalOf(reduction);
  const mean = influences.reduce((sum, x) => sum + x / influences.length, 0);
  return influences.map((x) => value + influences.length * (x - mean));
}
