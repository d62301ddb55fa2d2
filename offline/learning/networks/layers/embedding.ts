import type * as tf from '@tensorflow/tfjs-core';
import type { LayerSpec } from '../../../../src/core/policy/artifact.ts';
import { embeddingLayout, rowOf } from '../../../../src/core/policy/embedding-forward.ts';
import { arrayOp } from '../../tensors/array-ops.ts';
import { assertShape } from '../../tensors/ops.ts';
import { sizeOf, walkInOrder, type ParameterSpec, type TrainableLayer } from './trainable-layer.ts';

/** Index columns replaced, where they stand, by rows of a table (rows,dim): one operation on typed arrays on every backend. */
export function createEmbedding(layer: Extract<LayerSpec, { kind: 'embedding' }>): TrainableLayer {
  const parameters = layer.tables.map(({ rows, dim }) => table(rows, dim));
  const { table: tableOf, at, outputs } = embeddingLayout(layer);
  const { in: inputs, tables } = layer;
  return {
    parameters,
    walk: (visit) => walkInOrder(parameters, visit),
    forward(tensors, x) {
      assertShape(x, [-1, inputs], 'embedding input');
      const rows = x.shape[0];
      /** Calls back with (table, its row's start, output's start, dim) for every index, with table −1 for other columns. */
      const visit = (values: Float32Array, each: (t: number, from: number, to: number) => void): void => {
        for (let b = 0; b < rows; b += 1)
          for (let column = 0; column < inputs; column += 1) {
            const t = tableOf[column];
            const from = b * inputs + column;
            const row = t < 0 ? from : rowOf(values[from], tables[t].rows) * tables[t].dim;
            each(t, row, b * outputs + at[column]);
          }
      };
      return arrayOp([x, ...tensors], (values, ...weights) => {
        const value = new Float32Array(rows * outputs);
        visit(values, (t, from, to) => {
          if (t < 0) value[to] = values[from];
          else for (let j = 0; j < tables[t].dim; j += 1) value[to + j] = weights[t][from + j];
        });
        return {
          value,
          shape: [rows, outputs],
          // An index has no derivative; a row gets the sum of what its uses get, other rows exactly 0.
          backward(dy) {
            const dx = new Float32Array(values.length);
            const gradients = weights.map((w) => new Float32Array(w.length));
            visit(values, (t, from, to) => {
              if (t < 0) dx[from] = dy[to];
              else for (let j = 0; j < tables[t].dim; j += 1) gradients[t][from + j] += dy[to + j];
            });
            return [dx, ...gradients];
          },
        };
      }) as tf.Tensor2D;
    },
    kernel: null,
    dispose: () => undefined,
  };
}

/** Rows of expected length 1; the unknown one starts as nothing. */
const table = (rows: number, dim: number): ParameterSpec => ({
  shape: [rows, dim],
  decays: true,
  initial(random) {
    const std = 1 / Math.sqrt(dim);
    return new Float32Array(sizeOf([rows, dim])).map((_, i) => (i < dim ? 0 : std * random.normal()));
  },
});
