import { binsOf, fitBins, type Restoration } from './bins.ts';
import type { Head } from './head.ts';

/** n values and the rows where they are known and the task is defined. */
export interface Labels {
  readonly values: ArrayLike<number>;
  readonly isKnown: Uint8Array;
}

/** P(y = 1 | s, a); null where the training rows hold only one class: there is nothing to tell apart. */
export function binaryHead(name: string, { values, isKnown }: Labels, trainRows: Int32Array): Head | null {
  const known = trainRows.filter((row) => isKnown[row] === 1);
  const rate = known.reduce((sum, row) => sum + values[row], 0) / known.length;
  if (!(rate > 0 && rate < 1)) return null;
  const priors = Float32Array.of(logit(rate));
  return { name, kind: 'binary', width: 1, labels: float(values), isKnown, priors, bins: null, ...unscaled };
}

/** P(T > t_k | s, a) for k < K. `edges` of an earlier run, or null: fitted on the training rows. */
export function ordinalHead(
  name: string,
  { values, isKnown }: Labels,
  trainRows: Int32Array,
  options: {
    readonly bins: number;
    readonly restoration: Restoration;
    readonly edges: readonly number[] | null;
  },
): Head | null {
  const known = Float64Array.from(
    trainRows.filter((row) => isKnown[row] === 1),
    (row) => values[row],
  );
  const { edges, restoration } = options;
  const bins = edges === null ? fitBins(known, options.bins, restoration) : binsOf(edges, known, restoration);
  if (bins === null) return null;
  const width = bins.edges.length - 1;
  const priors = Float32Array.from({ length: width }, (_, k) => {
    const above = known.reduce((sum, value) => sum + (value > bins.edges[k] ? 1 : 0), 0);
    return logit((above + 0.5) / (known.length + 1));
  });
  return { name, kind: 'ordinal', width, labels: float(values), isKnown, priors, bins, ...unscaled };
}

/** E[y | s, a] by squared error, on y standardised over the training rows. */
export function regressionHead(
  name: string,
  { values, isKnown }: Labels,
  trainRows: Int32Array,
): Head | null {
  const known = trainRows.filter((row) => isKnown[row] === 1);
  if (known.length === 0) return null;
  const shift = known.reduce((sum, row) => sum + values[row], 0) / known.length;
  const scale = Math.sqrt(known.reduce((sum, row) => sum + (values[row] - shift) ** 2, 0) / known.length);
  if (!(scale > 0)) return null;
  const labels = Float32Array.from(values, (value) => (value - shift) / scale);
  const priors = new Float32Array(1);
  return { name, kind: 'regression', width: 1, labels, isKnown, priors, bins: null, scale, shift };
}

const unscaled = { scale: 1, shift: 0 } as const;
const logit = (p: number): number => Math.log(p / (1 - p));
const float = (values: ArrayLike<number>): Float32Array =>
  values instanceof Float32Array ? values : Float32Array.from(values);
