/** Expected refusals are values; only defects and outages are thrown (decision 0002). */
export type Result<T, E> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: E };
export const ok = <T>(value: T): Result<T, never> => ({ ok: true, value });
export const refuse = <const E>(failure: E): Result<never, E> => ({ ok: false, failure });
