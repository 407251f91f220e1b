// When it is said of a credential that it ends: 30, 7 and 1 days before, each once, and never for a time before it was given its end.
const DAY = 24 * 3600;
export const WARNING_DAYS = [1, 7, 30] as const;

/**
 * The warning that is to stand now, in days before the end; undefined = none. One that comes late replaces those before it: of a
 * credential that ends tomorrow nobody needs to hear that it ends within 30 days.
 * @param since from when the end was known (epoch seconds); a credential that lives for a week is not 30 days from its end.
 */
export function warningDue(endsAt: number, since: number, now: number): (typeof WARNING_DAYS)[number] | undefined {
  if (endsAt <= now) return undefined;
  return WARNING_DAYS.find((days) => endsAt - days * DAY <= now && endsAt - days * DAY >= since);
}
