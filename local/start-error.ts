/** A reason why the service cannot start (or be found), in one line that says what to do. Printed as it is; exit code 1. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

/** The text of anything thrown, for a one-line message. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? '';

/** `code` of a system error (`ENOENT`, `EADDRINUSE`, ...), undefined for anything else. */
export const codeOf = (error: unknown): string | undefined => {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return typeof code === 'string' ? code : undefined;
};
