// The issuer's public documents over HTTPS (JWKS, revocation feed): bounded in time and size, conditional, no redirects.
import { Outage } from '../outage.ts';

/** Larger than any JWKS or feed of ours by far. */
export const DOCUMENT_BYTES_MAX = 2 * 1024 * 1024;

export type IssuerDocument = {
  /** Undefined when the document is still the one that `etag` named (RFC 9110 section 15.4.5). */
  readonly text: string | undefined;
  readonly etag: string | undefined;
  /** `max-age` of Cache-Control (RFC 9111 section 5.2.2.1). */
  readonly maxAgeSeconds: number | undefined;
};

export type DocumentRequest = { readonly url: string; readonly etag: string | undefined; readonly timeoutMs: number };
export type FetchDocument = (request: DocumentRequest) => Promise<IssuerDocument>;

/** Throws `Outage` whatever goes wrong: to its reader an issuer that answers nonsense is down. */
export const fetchDocument: FetchDocument = async (request) => {
  try {
    return await fetchOnce(request, AbortSignal.timeout(request.timeoutMs));
  } catch (cause) {
    throw new Outage(`issuer:GET ${new URL(request.url).pathname}`, { cause });
  }
};

async function fetchOnce(request: DocumentRequest, signal: AbortSignal): Promise<IssuerDocument> {
  const response = await ask(request, signal);
  const meta = metaOf(response.headers);
  if (response.status === 304 && request.etag !== undefined) return { ...meta, etag: meta.etag ?? request.etag, text: undefined };
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`status ${response.status}`);
  }
  return { ...meta, text: await boundedText(response) };
}

async function ask({ url, etag }: DocumentRequest, signal: AbortSignal): Promise<Response> {
  const headers = { accept: 'application/json', ...(etag === undefined ? {} : { 'if-none-match': etag }) };
  const once = (): Promise<Response> => fetch(url, { headers, signal, redirect: 'error' });
  // A connection kept from before a freeze may be dead: asking again costs nothing, and the time limit is the same.
  return once().catch((error: unknown) => {
    if (signal.aborted) throw error;
    return once();
  });
}

const metaOf = (headers: Headers): Omit<IssuerDocument, 'text'> => ({
  etag: headers.get('etag') ?? undefined,
  maxAgeSeconds: secondsIn(/(?:^|[ ,])max-age=(\d{1,9})(?:$|[ ,])/i.exec(headers.get('cache-control') ?? '')?.[1]),
});

const secondsIn = (digits: string | undefined): number | undefined => (digits === undefined ? undefined : Number(digits));

/** Counts what comes out of decompression, so that a small answer cannot grow large. */
export async function boundedText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > DOCUMENT_BYTES_MAX) throw new Error(`more than ${DOCUMENT_BYTES_MAX} bytes`); // leaving the loop cancels the rest
    chunks.push(chunk);
  }
  return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
}
