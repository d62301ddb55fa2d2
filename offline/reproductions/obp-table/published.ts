import type { TableEstimator } from './replication.ts';

export interface PublishedRow {
  readonly name: string;
  readonly mean: number;
  readonly sd: number;
}

/** Relative error of 20 runs, as printed in OBP's `examples/synthetic/README.md`. */
export const published: Readonly<Record<TableEstimator, PublishedRow>> = {
  dm: { name: 'DM', mean: 0.07439, sd: 0.024525 },
  ips: { name: 'IPW', mean: 0.009481, sd: 0.006899 },
  snips: { name: 'SNIPW', mean: 0.006665, sd: 0.004541 },
  dr: { name: 'DR', mean: 0.006175, sd: 0.004245 },
  sndr: { name: 'SNDR', mean: 0.006118, sd: 0.003997 },
  'switch-dr': { name: 'Switch-DR', mean: 0.006175, sd: 0.004245 },
  dros: { name: 'DRos', mean: 0.021951, sd: 0.013337 },
};
export const PUBLISHED_RUNS = 20;
