import type { Metric, Registry } from 'prom-client';
import type { MetricDefinition } from './metric-definitions.ts';

export type Labels = Readonly<Record<string, string>>;

/** A value under its labels, as prom-client's registry writes it. */
export interface Sample {
  readonly metricName: string;
  readonly labels: Labels;
  readonly value: number;
}

/** A metric whose samples are made when somebody asks. The registry asks nothing of it but its name and `get`. */
export function registerSamples(
  registry: Registry,
  { name, help, type }: MetricDefinition,
  samples: (name: string) => readonly Sample[],
): void {
  const metric = {
    name,
    help,
    type,
    aggregator: 'sum',
    get: () => Promise.resolve({ name, help, type, aggregator: 'sum', values: samples(name) }),
    reset: () => undefined,
  };
  registry.registerMetric(metric as unknown as Metric);
}
