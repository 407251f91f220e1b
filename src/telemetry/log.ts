/**
 * One JSON object a line on standard output, as CloudWatch Logs takes it. The type is the allow-list: what is not named here cannot
 * be logged, and nothing that is named here holds a secret, a token or a header.
 */
import type { AuditEvent } from '../audit/event.ts';
import { redacted } from './redacted.ts';

export type LogLevel = 'INFO' | 'WARN' | 'ERROR' | 'FATAL';

export type LogFields = {
  readonly endpoint?: string;
  readonly status?: number;
  readonly reason?: string;
  /** What else is known of the refusal, from its tagged reason. */
  readonly detail?: Readonly<Record<string, string | number | boolean>>;
  readonly client_id?: string;
  readonly trace_id?: string;
  readonly dependency?: string;
  readonly throttled?: boolean;
  readonly variable?: string;
  /** Class and message of an error of ours or of the SDK; never a stack of an expected refusal. */
  readonly error?: string;
  /** Where a defect happened. */
  readonly stack?: string;
  readonly audit?: AuditEvent;
};

export function log(level: LogLevel, message: string, fields: LogFields = {}): void {
  process.stdout.write(`${redacted(JSON.stringify({ timestamp: new Date().toISOString(), level, message, ...fields }))}\n`);
}

/** The audit trail's line: issue and deny events live in the retained log group (docs/audit.md). */
export const logAudit = (audit: AuditEvent): void => {
  log('INFO', 'audit', { audit });
};

export const describeError = (error: unknown): string => {
  if (!(error instanceof Error)) return 'unknown';
  const cause = error.cause instanceof Error ? ` (${error.cause.name}: ${error.cause.message})` : '';
  return `${error.name}: ${error.message}${cause}`;
};
