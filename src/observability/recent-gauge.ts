import type { Registry } from 'prom-client';
import type { MetricDefinition } from './metric-definitions.ts';
import { type Labels, registerSamples } from './samples.ts';

export interface RecentGauge {
  /** Label values in the order of the definition. */
  set(values: readonly string[], value: number): void;
  clear(): void;
}

/** A gauge of things that come and go: what has not been set for `keepMs` is told no longer. */
export function createRecentGauge(
  registry: Registry,
  definition: MetricDefinition,
  { clock, keepMs }: { readonly clock: () => number; readonly keepMs: number },
): RecentGauge {
  const cells = new Map<string, { readonly labels: Labels; value: number; setAt: number }>();
  registerSamples(registry, definition, (metricName) => {
    const oldest = clock() - keepMs;
    for (const [key, { setAt }] of cells) if (setAt <= oldest) cells.delete(key);
    return [...cells.values()].map(({ labels, value }) => ({ metricName, labels, value }));
  });
  return {
    set(values, value) {
      const key = values.join('\n');
      const cell = cells.get(key);
      if (cell === undefined) {
        const labels = Object.fromEntries(definition.labels.map((label, i) => [label, values[i]]));
        cells.set(key, { labels, value, setAt: clock() });
      } else {
        cell.value = value;
        cell.setAt = clock();
      }
    },
    clear: () => cells.clear(),
  };
}
