// One line of the service's logs, whichever way it came: what functions write, and the events of the bus and of audit.jsonl.
import type { AuditEvent } from '../../src/audit/event.ts';
import type { LogFields } from '../../src/telemetry/log.ts';

/** What a function says of a request (src/telemetry/log.ts), or an event of the audit trail. */
export type LogRecord =
  | ({ readonly kind: 'line'; readonly timestamp: string; readonly level: string; readonly message: string } & Omit<LogFields, 'audit'>)
  | { readonly kind: 'event'; readonly event: AuditEvent };

/** Undefined for what is neither: a metric, a line that was cut off. */
export function recordOf(text: string): LogRecord | undefined {
  const value = objectOf(text);
  if (value === undefined) return undefined;
  const event = [value, value['audit'], value['detail']].find(isEvent);
  if (event !== undefined) return { kind: 'event', event };
  return typeof value['message'] === 'string' && typeof value['level'] === 'string'
    ? ({ ...value, kind: 'line' } as unknown as LogRecord)
    : undefined;
}

function objectOf(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}

const isEvent = (value: unknown): value is AuditEvent =>
  typeof (value as Partial<AuditEvent> | null | undefined)?.event_id === 'string' && typeof (value as AuditEvent).event_type === 'string';

export const traceOf = (record: LogRecord): string | undefined => (record.kind === 'event' ? record.event.trace_id : record.trace_id);
export const timeOf = (record: LogRecord): string => (record.kind === 'event' ? record.event.timestamp : record.timestamp);
