// A request as the gateway sees it, for tests of what it makes of one.
import type { GatewayRequest } from '../../../local/gateway/request.ts';

export const requestOf = (
  overrides: Partial<Omit<GatewayRequest, 'headers' | 'body'>> & {
    headers?: Record<string, readonly string[]>;
    body?: string | Buffer;
  } = {},
): GatewayRequest => ({
  id: 'request-1',
  method: 'GET',
  path: '/',
  query: '',
  sourceIp: '192.0.2.1',
  protocol: 'HTTP/1.1',
  timeMs: Date.UTC(2026, 10, 21, 1, 2, 3),
  ...overrides,
  headers: new Map(Object.entries(overrides.headers ?? {})),
  body: Buffer.from(overrides.body ?? ''),
});
