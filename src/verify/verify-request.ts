// What is asked about, whatever it came by: the converters beside this file make it from each kind of event or message.
import { headerValues, sourceIp } from '../authorizer/adapters/event.ts';
import type { AccessRequest } from '../authorizer/decide.ts';
import { traceIdFrom } from '../http/lambda-event.ts';

export type VerifyRequest = {
  /** In upper case, for rules. */
  readonly method: string;
  /** As it came, not decoded, without the query; for rules. */
  readonly path: string;
  /** Names in any case. A header that came several times must have all its values, as a list or joined with commas. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The caller's address where it is known for sure; tokens that are limited to networks are refused without. */
  readonly ip?: string | undefined;
};

/** @param publicUrl what stands before the paths as callers know it; DPoP proofs are held against it, and never against `Host`. */
export const accessRequest = ({ method, path, headers, ip }: VerifyRequest, publicUrl?: string): AccessRequest => ({
  method,
  path,
  authorization: headerValues(headers, 'authorization'),
  apiKey: headerValues(headers, 'x-api-key'),
  dpop: headerValues(headers, 'dpop'),
  url: publicUrl === undefined ? undefined : `${publicUrl}${path}`,
  ip: sourceIp(ip),
});

export const traceIdOf = ({ headers }: VerifyRequest): string => traceIdFrom(headerValues(headers, 'traceparent')[0]);
