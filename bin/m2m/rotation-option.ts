// `--secret-rotation 90d,72h,30d` -> the client's metadata field `secret_rotation`; the service fills in what is left out.
import { CommandError } from './command.ts';
import { lifetimeSeconds } from './duration.ts';

const PARTS = [
  ['every_days', 86_400, 'days'],
  ['unused_hours', 3600, 'hours'],
  ['overlap_days', 86_400, 'days'],
] as const;

export function rotationTerms(option: string, text: string | undefined): Readonly<Record<string, number>> | undefined {
  if (text === undefined) return undefined;
  const given = text.split(',');
  if (given.length > PARTS.length) throw malformed(option, text, 'has at most three durations');
  return Object.fromEntries(
    given.map((part, index) => {
      const [field, unit, name] = PARTS[index] ?? PARTS[0];
      const amount = lifetimeSeconds(option, part.trim()) / unit;
      if (!Number.isInteger(amount)) throw malformed(option, part, `must be whole ${name}`);
      return [field, amount] as const;
    }),
  );
}

const malformed = (option: string, text: string, problem: string): CommandError =>
  new CommandError(`--${option} ${problem}, not ${JSON.stringify(text)}.`, `Example: --${option} 90d,72h,30d`, 2);
