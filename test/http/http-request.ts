// A request as endpoints see it, for tests of what reads it.
import type { HttpRequest } from '../../src/http/message.ts';

export type GivenRequest = Partial<Omit<HttpRequest, 'headers' | 'body'>> & {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
};

export const httpRequest = ({ headers = {}, body = '', ...members }: GivenRequest = {}): HttpRequest => ({
  method: 'POST',
  path: '/token',
  routeKey: 'POST /token',
  pathParameters: new Map(),
  query: '',
  headers: new Map(Object.entries(headers)),
  body: Buffer.from(body),
  ip: '192.0.2.1',
  userAgent: 'agent/1',
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  nowMs: 1_800_000_000_000,
  ...members,
});
