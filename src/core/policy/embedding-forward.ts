import type { EmbeddingTable, LayerSpec } from './artifact.ts';

type EmbeddingSpec = Extract<LayerSpec, { kind: 'embedding' }>;

/** For every input column: the table that replaces it (−1: none) and where its output starts. */
export interface EmbeddingLayout {
  readonly table: Int32Array;
  readonly at: Int32Array;
  readonly outputs: number;
}

export function embeddingLayout({ in: inputs, tables }: EmbeddingSpec): EmbeddingLayout {
  const table = new Int32Array(inputs).fill(-1);
  tables.forEach(({ columns }, t) => columns.forEach((column) => (table[column] = t)));
  const at = new Int32Array(inputs);
  let outputs = 0;
  for (let column = 0; column < inputs; column++) {
    at[column] = outputs;
    outputs += table[column] < 0 ? 1 : tables[table[column]].dim;
  }
  return { table, at, outputs };
}

export const embeddingWeights = (tables: readonly EmbeddingTable[]): number =>
  tables.reduce((sum, { rows, dim }) => sum + rows * dim, 0);

/** The row that an input names; row 0 where it names none. */
export function rowOf(value: number, rows: number): number {
  return Number.isInteger(value) && value > 0 && value < rows ? value : 0;
}

/** Copies the other columns and looks the rows up; tables one after the other from `at`. */
export function compileEmbedding(
  layer: EmbeddingSpec,
  weights: Float32Array,
  at: number,
): (x: Float64Array, out: Float64Array) => void {
  const layout = embeddingLayout(layer);
  const { tables } = layer;
  const starts = tables.map((_, t) => at + embeddingWeights(tables.slice(0, t)));
  return (x, out) => {
    for (let column = 0; column < layout.at.length; column++) {
      const t = layout.table[column];
      const to = layout.at[column];
      if (t < 0) {
        out[to] = x[column];
        continue;
      }
      const { rows, dim } = tables[t];
      const from = starts[t] + rowOf(x[column], rows) * dim;
      for (let j = 0; j < dim; j++) out[to + j] = weights[from + j];
    }
  };
}
