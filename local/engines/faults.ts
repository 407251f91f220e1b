// Makes a local engine misbehave on purpose, for tests of failure: `npm run -s fault -- <service> <mode>`.
export const FAULT_SERVICES = ['dynamodb', 'kms', 'secretsmanager'] as const;
export type FaultService = (typeof FAULT_SERVICES)[number];
export const FAULT_MODES = ['ok', 'throttle', 'down', 'slow'] as const;
export type FaultMode = (typeof FAULT_MODES)[number];

/** How long `slow` keeps an answer back that was otherwise given: the call has taken effect by then. */
export const SLOW_ANSWER_MS = 10_000;

export const isFaultService = (value: unknown): value is FaultService => (FAULT_SERVICES as readonly unknown[]).includes(value);
export const isFaultMode = (value: unknown): value is FaultMode => (FAULT_MODES as readonly unknown[]).includes(value);
