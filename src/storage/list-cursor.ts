/** Opaque to callers: base64url of the last id of a page. */
export const cursorAfter = (id: string): string => Buffer.from(id).toString('base64url');

/** The id in a cursor; undefined for one that no page gave out. @param form what every id of the list looks like. */
export function idInCursor(cursor: string, form: RegExp): string | undefined {
  const id = Buffer.from(cursor, 'base64url').toString('latin1');
  return form.test(id) && cursorAfter(id) === cursor ? id : undefined;
}
