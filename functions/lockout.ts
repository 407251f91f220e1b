// What the functions that compare secrets are wired to, so that guessing is slow.
import { createCleanRecords } from '../src/abuse/clean-records.ts';
import type { LockoutSettings } from '../src/abuse/lockout-settings.ts';
import { createStandingLocks } from '../src/abuse/standing-locks.ts';
import type { Lockout } from '../src/endpoints/lockout.ts';
import { createFailureStore } from '../src/storage/failure-store.ts';
import { createSecretUseStore } from '../src/storage/secret-use-store.ts';
import type { Table } from '../src/storage/table.ts';

/** Undefined where it is switched off. */
export const lockoutFor = (settings: LockoutSettings | undefined, table: Table): Lockout | undefined =>
  settings === undefined
    ? undefined
    : {
        settings,
        locks: createStandingLocks(),
        clean: createCleanRecords(),
        failures: createFailureStore(table),
        secretUses: createSecretUseStore(table),
      };
