// HTTP as a careless or hostile caller may speak it: nothing is normalised on the way, neither path nor headers nor body.
import { Agent, request, type IncomingHttpHeaders } from 'node:http';
import type { Credentials } from './service-process.ts';

export type Answer = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The parsed body; undefined where it is no JSON. */
  readonly body: any;
};
export type Call = {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** Objects go as JSON, everything else as it is. */
  readonly body?: string | Buffer | URLSearchParams | object;
  /** The address to call from, one of 127.0.0.0/8: another network, as the service sees it. */
  readonly from?: string;
};

const agents = new Map<string, Agent>();
function agentFor(localAddress: string): Agent {
  const known = agents.get(localAddress) ?? new Agent({ keepAlive: true, maxSockets: 64 });
  agents.set(localAddress, known);
  return known;
}

export function call(issuer: string, path: string, { method = 'GET', headers = {}, body, from = '127.0.0.1' }: Call = {}): Promise<Answer> {
  const [mediaType, bytes] = encoded(body);
  const sent: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries({ ...(mediaType === undefined ? {} : { 'content-type': mediaType }), ...headers }))
    sent[name] = typeof value === 'string' ? value : [...value];
  // node leaves it out for methods that usually have no body, and the body would be taken for the next request.
  if (bytes.length > 0) sent['content-length'] = String(Buffer.byteLength(bytes));
  const { hostname, port } = new URL(issuer);
  return new Promise((resolve, reject) => {
    const outgoing = request({ hostname, port, path, method, headers: sent, agent: agentFor(from), localAddress: from }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text, body: parsed(text) });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(bytes);
  });
}

/** Fields in a form body; undefined ones are left out. A list sends the field several times. */
export function form(fields: Readonly<Record<string, string | readonly string[] | undefined>>): URLSearchParams {
  const body = new URLSearchParams();
  for (const [name, value] of Object.entries(fields))
    for (const each of value === undefined ? [] : typeof value === 'string' ? [value] : value) body.append(name, each);
  return body;
}

/** RFC 6749 section 2.3.1: each half form-encoded first. */
export const basic = ({ client_id: id, client_secret: secret }: Credentials): { readonly authorization: string } => ({
  authorization: `Basic ${Buffer.from(`${percentEncoded(id)}:${percentEncoded(secret)}`).toString('base64')}`,
});
const percentEncoded = (text: string): string => encodeURIComponent(text.toWellFormed());
export const bearer = (token: string): { readonly authorization: string } => ({ authorization: `Bearer ${token}` });

function encoded(body: Call['body']): readonly [mediaType: string | undefined, bytes: string | Buffer] {
  if (body === undefined) return [undefined, ''];
  if (body instanceof URLSearchParams) return ['application/x-www-form-urlencoded', body.toString()];
  if (typeof body === 'string' || Buffer.isBuffer(body)) return ['application/x-www-form-urlencoded', body];
  return ['application/json', JSON.stringify(body)];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
