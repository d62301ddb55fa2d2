import { defineConfig } from 'vitest/config';

// Child processes, not threads: native addons (DuckDB, TensorFlow) and signal tests need a process of their own.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 120_000,
    globalSetup: ['test/support/global-setup.ts'],
    reporters: ['default', './test/support/reporter.ts'],
  },
});
