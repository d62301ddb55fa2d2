import { invariant } from '../../src/core/check.ts';
import type { Random } from '../../src/core/math/random.ts';

/**
 * Minibatches without replacement: one seeded shuffle (Fisher–Yates) per pass over the rows; a batch that crosses the
 * end of a pass takes the rest from the next one. Always `size` rows, also when there are fewer rows than that.
 */
export function createMinibatches(rows: Int32Array, size: number, random: Random): () => Int32Array {
  invariant(rows.length > 0, 'there are rows to draw minibatches from');
  const order = rows.slice();
  let at = order.length;
  return () => {
    const batch = new Int32Array(size);
    for (let i = 0; i < size; i += 1) {
      if (at === order.length) {
        shuffle(order, random);
        at = 0;
      }
      batch[i] = order[at++];
    }
    return batch;
  };
}

function shuffle(values: Int32Array, random: Random): void {
  for (let i = values.length - 1; i > 0; i -= 1) {
    const j = random.integer(i + 1);
    [values[i], values[j]] = [values[j], values[i]];
  }
}
