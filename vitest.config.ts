import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Generous, because nothing here measures time: a slow machine must not fail a test.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
