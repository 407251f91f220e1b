// Calls that make something, safe to send again (docs/clients.md, "Repeating a request").
import { randomUUID } from 'node:crypto';
import type { Arguments, Options } from './command.ts';

export const IDEMPOTENCY_OPTIONS: Options = {
  'idempotency-key': { value: 'KEY', help: 'That of an earlier call without an answer: answers the same again, makes nothing twice' },
};

export const idempotencyKey = (call: Arguments): string => call.text('idempotency-key') ?? randomUUID();
