// The audit trail of a running service: `audit.jsonl` of its data directory.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Reachable } from './service-process.ts';

export type AuditLine = Readonly<Record<string, string>>;

/** Every event so far, oldest first. An event is in the file before the request that caused it is answered. */
export const auditTrail = ({ dataDir }: Pick<Reachable, 'dataDir'>): readonly AuditLine[] =>
  readFileSync(join(dataDir, 'audit.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as AuditLine);

export const eventsOf = (service: Pick<Reachable, 'dataDir'>, clientId: string): readonly AuditLine[] =>
  auditTrail(service).filter(({ client_id }) => client_id === clientId);
