import type { NumberedLabels } from '../tabular/label-columns.ts';

/** Labels numbered by first appearance. */
export function numberOf(texts: readonly string[]): NumberedLabels {
  const known = new Map<string, number>();
  const index = Int32Array.from(texts, (text) => {
    const number = known.get(text) ?? known.size;
    known.set(text, number);
    return number;
  });
  return { labels: [...known.keys()], index };
}
