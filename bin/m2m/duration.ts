import { CommandError } from './command.ts';

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** `900`, `900s`, `15m`, `12h` or `7d` in seconds; undefined for anything else. */
function durationSeconds(text: string): number | undefined {
  const [, digits, unit = 's'] = /^(\d{1,10})([smhd])?$/.exec(text) ?? [];
  return digits === undefined ? undefined : Number(digits) * (UNIT_SECONDS[unit] ?? 1);
}

export function lifetimeSeconds(option: string, text: string): number {
  const seconds = durationSeconds(text);
  if (seconds === undefined)
    throw new CommandError(`--${option} must be a duration, not ${JSON.stringify(text)}.`, 'Examples: 900 (seconds), 15m, 12h, 7d', 2);
  return seconds;
}

/** A time in the past, as a duration before `nowMs` or an RFC 3339 time; epoch milliseconds. */
export function sinceMs(text: string, nowMs: number, option = 'since'): number {
  const seconds = durationSeconds(text);
  if (seconds !== undefined) return nowMs - seconds * 1000;
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time))
    throw new CommandError(
      `--${option} must be a duration or a time, not ${JSON.stringify(text)}.`,
      'Examples: 10m, 2h, 7d, 2027-01-31T12:00:00Z',
      2,
    );
  return time;
}

/** 900 -> `15 min`, for people; exact values only. */
export function inWholeUnits(seconds: number): string {
  for (const [unit, name] of [
    [86_400, 'd'],
    [3600, 'h'],
    [60, 'min'],
  ] as const)
    if (seconds >= unit && seconds % unit === 0) return `${seconds / unit} ${name}`;
  return `${seconds} s`;
}

/** How long something is ago, for people: 5 min, 7 h, 12 d. */
export function roughly(seconds: number): string {
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return seconds < 2 * 86_400 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} d`;
}
