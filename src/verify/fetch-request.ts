// Requests of the Fetch standard, as Hono, Deno, Bun and edge runtimes hand them over.
import type { VerifyRequest } from './verify-request.ts';

/** The members of a Fetch `Request` that are read. */
export type FetchRequest = {
  readonly method: string;
  readonly url: string;
  readonly headers: { get(name: string): string | null };
};

const READ = ['authorization', 'x-api-key', 'dpop', 'traceparent'];

/** @param ip the caller's address, from whoever knows it: a `Request` does not say it. */
export function requestFromFetch({ method, url, headers }: FetchRequest, ip?: string): VerifyRequest {
  // Several headers of one name are joined with commas, which no credential contains.
  const read = READ.flatMap((name): readonly [string, string][] => {
    const value = headers.get(name);
    return value === null ? [] : [[name, value]];
  });
  return { method, path: new URL(url).pathname, headers: Object.fromEntries(read), ip };
}
