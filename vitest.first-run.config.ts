import { defineConfig } from 'vitest/config';

/** `npm run test:first-run`: installs a clone of its own, so it is no part of `npm test`. */
export default defineConfig({ test: { include: ['test/e2e/first-run.test.ts'] } });
