/**
 * A document from an address that somebody registered (a client's `jwks_uri`, an external issuer's metadata): https, no redirect, two
 * seconds for all of it, 64 KiB counted while they come, and no way to anything but the public internet. The address is judged where the
 * socket takes it, so that a name which leads elsewhere the next moment leads nowhere.
 */
import { lookup as resolve, type LookupAddress } from 'node:dns';
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { DocumentFault, FetchPublicDocument, PublicDocument } from '../endpoints/stores.ts';
import { Outage } from '../outage.ts';
import { ok, refuse, type Result } from '../result.ts';
import { isLoopbackAddress, isPublicAddress } from './special-addresses.ts';

export const DOCUMENT_BYTES_MAX = 64 * 1024;
const TIMEOUT_MS = 2_000;
const HEADER_BYTES_MAX = 16 * 1024;
const URL_LENGTH_MAX = 1_024;

export type OutboundOptions = {
  /** Allowed on one machine and in tests alone, and then without TLS too: addresses of this machine itself. */
  readonly loopback: 'refused' | 'allowed';
  readonly timeoutMs?: number;
};

export const publicDocuments =
  ({ loopback, timeoutMs = TIMEOUT_MS }: OutboundOptions): FetchPublicDocument =>
  async (text) => {
    const isAllowed = (address: string): boolean => isPublicAddress(address) || (loopback === 'allowed' && isLoopbackAddress(address));
    const url = allowedUrl(text, loopback);
    if (url === undefined) return refuse('url_not_allowed');
    // An address written into the URL is connected to without being looked up.
    const literal = url.hostname.replace(/^\[|\]$/g, '');
    if (isIP(literal) !== 0 && !isAllowed(literal)) return refuse('address_not_public');
    try {
      return await answerOf(url, isAllowed, AbortSignal.timeout(timeoutMs));
    } catch (error) {
      const fault = lastingFault(error);
      if (fault !== undefined) return refuse(fault);
      throw new Outage(`outbound:GET ${url.host}`, { cause: error });
    }
  };

function allowedUrl(text: string, loopback: OutboundOptions['loopback']): URL | undefined {
  const url = text.length <= URL_LENGTH_MAX && URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || `${url.username}${url.password}${url.hash}` !== '') return undefined;
  return url.protocol === 'https:' || (loopback === 'allowed' && isOfThisMachine(url)) ? url : undefined;
}

const isOfThisMachine = ({ protocol, hostname }: URL): boolean =>
  protocol === 'http:' && ['127.0.0.1', '[::1]', 'localhost'].includes(hostname);

async function answerOf(
  url: URL,
  isAllowed: (address: string) => boolean,
  signal: AbortSignal,
): Promise<Result<PublicDocument, DocumentFault>> {
  const response = await responseOf(url, { lookup: lookupOf(isAllowed), signal });
  const fault = headFault(response);
  if (fault !== undefined) {
    response.destroy();
    return refuse(fault);
  }
  const body = await boundedBody(response);
  return body === undefined ? refuse('too_large') : ok({ body, maxAgeSeconds: maxAgeOf(response) });
}

const responseOf = (url: URL, options: Pick<RequestOptions, 'lookup' | 'signal'>): Promise<IncomingMessage> =>
  new Promise((done, failed) => {
    const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
    request(url, {
      ...options,
      // A connection of its own: none that was opened for another purpose, and no proxy.
      agent: false,
      maxHeaderSize: HEADER_BYTES_MAX,
      headers: { accept: 'application/json', 'accept-encoding': 'identity', 'user-agent': 'm2m-auth' },
      ...(url.protocol === 'https:' && { rejectUnauthorized: true, minVersion: 'TLSv1.2' }),
    })
      .once('response', done)
      .once('error', failed)
      .end();
  });

class AddressNotPublic extends Error {}

/** Every address of the name must be allowed: of several the socket may take any. */
const lookupOf =
  (isAllowed: (address: string) => boolean): LookupFunction =>
  (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses: readonly LookupAddress[]) => {
      const [first] = error === null ? addresses : [];
      if (error !== null || first === undefined) callback(error ?? new AddressNotPublic(), '');
      else if (!addresses.every(({ address }) => isAllowed(address))) callback(new AddressNotPublic(), '');
      else if (options.all === true) callback(null, [...addresses]);
      else callback(null, first.address, first.family);
    });
  };

const SERVER_FAILED = 500;
const TOO_MANY = 429;

function headFault({ statusCode: status = 0, headers }: IncomingMessage): DocumentFault | undefined {
  if (status === TOO_MANY || status >= SERVER_FAILED) throw new Error(`status ${status}`);
  if (status !== 200) return isRedirect(status) ? 'redirected' : 'status_unexpected';
  const { 'content-encoding': encoding = 'identity', 'content-length': length = '0' } = headers;
  // Asked for as it is: what is compressed all the same could be larger than it says.
  if (encoding !== 'identity') return 'encoded';
  return Number(length) > DOCUMENT_BYTES_MAX ? 'too_large' : undefined;
}

const isRedirect = (status: number): boolean => status >= 300 && status < 400;

/** Undefined where it is larger than is taken, whatever its Content-Length said. */
async function boundedBody(response: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes > DOCUMENT_BYTES_MAX) return undefined; // leaving the loop closes the connection
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const maxAgeOf = ({ headers }: IncomingMessage): number | undefined => {
  const digits = /(?:^|[ ,])max-age=(\d{1,9})(?:$|[ ,])/i.exec(headers['cache-control'] ?? '')?.[1];
  return digits === undefined ? undefined : Number(digits);
};

/** Names that do not exist, and certificates that do not hold, do so the next time too. */
function lastingFault(error: unknown): DocumentFault | undefined {
  if (error instanceof AddressNotPublic) return 'address_not_public';
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'ENOTFOUND') return 'host_unknown';
  if (code === 'HPE_HEADER_OVERFLOW') return 'too_large';
  return /^(?:ERR_TLS_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_SSL_|EPROTO)/.test(code) ? 'certificate_wrong' : undefined;
}
