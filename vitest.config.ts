import type { UserWorkspaceConfig } from 'vitest/config';
import { defineConfig } from 'vitest/config';
import { SharedLast } from './test/support/sequencer.ts';

/** Folders of tests that leave nothing behind in their process: no environment, signals, children, tensor backend or native threads. */
const shared = [
  'test/{bench,config,contracts,core,docs,laws,lint,observability,scripts,service,simulation}/**/*.test.ts',
  'test/offline/{evaluate,import,reports}/**/*.test.ts',
  'test/offline/{dataset,divergence,fitted-q,log-health*,multipliers*,named-snapshot,ope-*,tabular}.test.ts',
];

const common: UserWorkspaceConfig['test'] = {
  // Child processes, not threads: native addons (DuckDB, TensorFlow) and signal tests need a process of their own.
  pool: 'forks',
  // One more than the two cores of the smallest machine: a third of the suite waits, for brokers, databases and processes.
  maxWorkers: 3,
  testTimeout: 30_000,
  hookTimeout: 120_000,
};

export default defineConfig({
  test: {
    ...common,
    sequence: { sequencer: SharedLast },
    globalSetup: ['test/support/global-setup.ts'],
    reporters: ['default', './test/support/reporter.ts'],
    projects: [
      { test: { ...common, name: 'own process', include: ['test/**/*.test.ts'], exclude: shared } },
      // Modules are loaded once per worker, not once per file.
      { test: { ...common, name: 'shared process', include: shared, isolate: false } },
    ],
  },
});
