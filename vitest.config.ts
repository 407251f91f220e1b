import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { EXHAUSTIVE } from './vitest.exhaustive.config.ts';

/** Tests that talk HTTP to a service that runs; they need its global setup, the others do not wait for it. */
const AGAINST_A_SERVICE = 'test/{e2e,conformance}/**/*.test.ts';
/** Suites with commands of their own: a clean clone with its own `npm ci`, and what takes minutes because it tries every case. */
const APART = ['test/e2e/first-run.test.ts', ...EXHAUSTIVE];

export default defineConfig({
  test: {
    // Generous, because nothing here measures time: a slow machine must not fail a test.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // One more than there are cores: many tests wait for a service, and vitest would leave a core of two idle.
    maxWorkers: availableParallelism() + 1,
    projects: [
      {
        extends: true,
        test: {
          name: 'in-process',
          include: ['test/**/*.test.ts'],
          exclude: [AGAINST_A_SERVICE, ...APART],
        },
      },
      {
        extends: true,
        test: {
          name: 'running-service',
          include: [AGAINST_A_SERVICE],
          exclude: APART,
          globalSetup: 'test/e2e/global-setup.ts',
          isolate: false,
        },
      },
    ],
  },
});
