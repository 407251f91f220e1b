// What goes between the main thread and an engine's thread.
import type { AccessRecord } from '../iam/access.ts';
import type { Principal } from '../iam/principals.ts';
import type { KeySpec, PipeSpec, SecretSpec, TableSpec } from '../template/state.ts';
import type { FaultMode, FaultService } from './faults.ts';

export type AuditRecord = Readonly<Record<string, unknown>>;

export type DynamoDbEngineData = {
  readonly kind: 'dynamodb';
  readonly dataDir: string;
  readonly principals: readonly Principal[];
  readonly table: TableSpec;
  readonly pipes: readonly PipeSpec[];
  /** Whether the data directory has been in use before: its table must then be there. */
  readonly initialized: boolean;
};
export type KeyEngineData = {
  readonly kind: 'keys';
  readonly dataDir: string;
  readonly principals: readonly Principal[];
  readonly keys: readonly KeySpec[];
  readonly secrets: readonly SecretSpec[];
  /** ARN of the key that signs by default: first in kms.json. */
  readonly activeKeyArn: string | undefined;
  readonly initialized: boolean;
};
export type EngineData = DynamoDbEngineData | KeyEngineData;

export type ToEngine =
  | { readonly type: 'fault'; readonly service: FaultService; readonly mode: FaultMode }
  /** The event is in the audit trail. */
  | { readonly type: 'delivered'; readonly sequence: number }
  /** Deletes expired items now. */
  | { readonly type: 'sweep' }
  | { readonly type: 'stop' };

export type FromEngine =
  | { readonly type: 'ready'; readonly port: number }
  /** It cannot start; the message is for the user where `forUser` says so. */
  | { readonly type: 'failed'; readonly message: string; readonly forUser: boolean }
  | { readonly type: 'event'; readonly sequence: number; readonly event: AuditRecord }
  | { readonly type: 'problem'; readonly text: string }
  | { readonly type: 'access'; readonly access: AccessRecord }
  | { readonly type: 'swept'; readonly deleted: number };
