// EventBridge Pipes between the table's stream and the audit trail: filter pattern and input template, as the template has them.
import { TemplateError } from '../template/template.ts';
import type { PipeSpec } from '../template/state.ts';
import { createPattern } from './event-pattern.ts';
import type { AuditRecord } from './messages.ts';

export type StreamRecord = {
  readonly eventID: string;
  readonly eventName: 'INSERT' | 'MODIFY' | 'REMOVE';
  readonly eventVersion: string;
  readonly eventSource: string;
  readonly awsRegion: string;
  readonly eventSourceARN: string;
  readonly dynamodb: Readonly<Record<string, unknown>>;
};

/** The event that a pipe makes of a change, or undefined when its filter lets the change go. */
export type Pipe = (record: StreamRecord) => AuditRecord | undefined;

export function createPipe({ name, filters, inputTemplate }: PipeSpec): Pipe {
  const patterns = filters.map((filter) => createPattern(JSON.parse(filter), name));
  for (const reference of inputTemplate?.matchAll(REFERENCE) ?? [])
    if (!reference[1]?.startsWith('$'))
      throw new TemplateError('the pipe', name, `refers to ${reference[0]}, which the local run does not know`);
  return (record) => {
    if (patterns.length > 0 && !patterns.some((matches) => matches(record))) return undefined;
    if (inputTemplate === undefined) return record;
    const event: unknown = JSON.parse(rendered(inputTemplate, record));
    return typeof event === 'object' && event !== null ? (event as AuditRecord) : undefined;
  };
}

const REFERENCE = /<([^<>]+)>/g;

/** `<$.path>` as a JSON value; inside quotes, as part of the text. */
function rendered(template: string, record: StreamRecord): string {
  return template.replace(REFERENCE, (_, path: string, offset: number) => {
    const value = valueAt(record, path);
    if (!insideText(template.slice(0, offset))) return JSON.stringify(value ?? '');
    const text = typeof value === 'string' ? value : JSON.stringify(value ?? '');
    return JSON.stringify(value === undefined ? '' : text).slice(1, -1);
  });
}

/** An odd number of unescaped quotes before it. */
const insideText = (before: string): boolean => (before.replaceAll(/\\./g, '').match(/"/g)?.length ?? 0) % 2 === 1;

function valueAt(record: unknown, path: string): unknown {
  let value = record;
  for (const [, name, index] of path.matchAll(/\.([A-Za-z0-9_-]+)|\[(\d+)\]/g)) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[name ?? index ?? ''];
  }
  return value;
}
