import { inject } from 'vitest';
import type { Reachable } from './service-process.ts';

/** The service that the whole run shares (global-setup.ts). Limits are off there; its state belongs to no single test. */
export const runningService = (): Reachable => inject('service');
