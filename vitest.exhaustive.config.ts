import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** Every call failing in every way, fleets and attacks over months of simulated time, ten thousand schedules. */
export const EXHAUSTIVE = [
  'test/faults/**/*.test.ts',
  'test/properties/key-rotation.test.ts',
  'test/abuse/attack-simulation.test.ts',
  'test/endpoints/fleet-rotation.test.ts',
  'test/endpoints/registration-fields.test.ts',
  'test/endpoints/external-token-attacks.test.ts',
  'test/e2e/import.test.ts',
  'test/e2e/client-secret-rotation.test.ts',
];

/** `npm run test:exhaustive` */
export default defineConfig({
  test: {
    include: EXHAUSTIVE,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: availableParallelism() + 1,
    globalSetup: 'test/e2e/global-setup.ts',
  },
});
