// Requests as Node's own HTTP servers have them, and everything built on these: Express, Fastify's `raw`, Koa's `req`.
import { callerAddress, type AddressOptions } from './caller-address.ts';
import type { VerifyRequest } from './verify-request.ts';

/** The members of `IncomingMessage` that are read. */
export type NodeMessage = {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  /** Express's: `url` is relative to the router that is asked. */
  readonly originalUrl?: string | undefined;
  /** Names and values in turn, as they came: `headers` would hide that one came twice. */
  readonly rawHeaders: readonly string[];
  readonly socket: { readonly remoteAddress?: string | undefined };
};

export function requestFromNode(message: NodeMessage, options: AddressOptions = {}): VerifyRequest {
  const headers = everyHeader(message.rawHeaders);
  const [path = ''] = (message.originalUrl ?? message.url ?? '').split('?', 1);
  const ip = callerAddress(headers['x-forwarded-for'] ?? [], message.socket.remoteAddress, options);
  return { method: message.method ?? '', path, headers, ip };
}

/** By names in lower case. */
function everyHeader(rawHeaders: readonly string[]): Readonly<Record<string, readonly string[]>> {
  // Without a prototype: a header may be called `constructor`.
  const headers = Object.create(null) as Record<string, string[]>;
  for (const [at, name] of rawHeaders.entries()) {
    if (at % 2 === 0) (headers[name.toLowerCase()] ??= []).push(rawHeaders[at + 1] ?? '');
  }
  return headers;
}
