// RFC 3339 times on the wire, epoch seconds within.
import { ok, refuse, type Result } from '../result.ts';

export const rfc3339 = (seconds: number): string => new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');

/** Epoch seconds, or what is wrong in words for the caller. */
export function readTime(value: unknown): Result<number, string> {
  const isTime = typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/.test(value);
  const milliseconds = isTime && isDate(value.slice(0, 10)) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(milliseconds) ? refuse('must be an RFC 3339 time such as 2027-01-31T00:00:00Z') : ok(Math.floor(milliseconds / 1000));
}

/** Date.parse takes the 30th of February for the 2nd of March. */
const isDate = (day: string): boolean => {
  const milliseconds = Date.parse(day);
  return !Number.isNaN(milliseconds) && new Date(milliseconds).toISOString().startsWith(day);
};
