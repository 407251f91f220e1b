// AWS Signature Version 4 as API Gateway verifies it: sign again with the caller's secret, and compare.
import { createHash, timingSafeEqual } from 'node:crypto';
import { firstHeader, type GatewayRequest } from './request.ts';

export type KeyPair = { readonly accessKeyId: string; readonly secretAccessKey: string };
export type Scope = { readonly region: string; readonly service: string };

/** A signature older or newer than this is refused, so a recorded request cannot be sent again later. */
const SKEW_MAX_MS = 5 * 60_000;

type Authorization = { readonly credential: readonly string[]; readonly signedHeaders: readonly string[]; readonly signature: string };

/** Whether the key pair has signed exactly this request, for this scope, now. Signatures in the query are not taken. */
export async function isSignedBy(keyPair: KeyPair, request: GatewayRequest, { region, service }: Scope): Promise<boolean> {
  const authorization = authorizationOf(request);
  const signedAt = signingTime(firstHeader(request, 'x-amz-date'));
  if (authorization === undefined || signedAt === undefined) return false;
  const { credential, signedHeaders, signature } = authorization;
  const scope = [keyPair.accessKeyId, signedAt.day, region, service, 'aws4_request'];
  if (credential.length !== scope.length || credential.some((part, index) => part !== scope[index])) return false;
  if (Math.abs(request.timeMs - signedAt.timeMs) > SKEW_MAX_MS) return false;
  if (!coversWhatMatters(request, signedHeaders) || !hasItsDigest(request)) return false;
  const expected = await signatureOf(keyPair, request, signedHeaders, new Date(signedAt.timeMs), { region, service });
  return expected !== undefined && isEqual(expected, signature);
}

/** Undefined for several headers too: which one counts would be a guess. */
function authorizationOf(request: GatewayRequest): Authorization | undefined {
  const [header = '', ...others] = request.headers.get('authorization') ?? [];
  const parts = /^AWS4-HMAC-SHA256 +Credential=([^, ]+), *SignedHeaders=([a-z0-9;_-]+), *Signature=([0-9a-f]{64})$/.exec(header);
  const [, credential, signedHeaders, signature] = parts ?? [];
  if (others.length > 0 || credential === undefined || signedHeaders === undefined || signature === undefined) return undefined;
  return { credential: credential.split('/'), signedHeaders: signedHeaders.split(';'), signature };
}

/** `20261121T010203Z` */
function signingTime(text: string | undefined): { readonly day: string; readonly timeMs: number } | undefined {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text ?? '') ?? [];
  const timeMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(timeMs) ? undefined : { day: `${year}${month}${day}`, timeMs };
}

/** The host and every x-amz- header must be signed; a session token does not belong to a key pair of ours. */
function coversWhatMatters(request: GatewayRequest, signedHeaders: readonly string[]): boolean {
  if (request.headers.has('x-amz-security-token')) return false;
  const needed = ['host', ...[...request.headers.keys()].filter((name) => name.startsWith('x-amz-'))];
  return needed.every((name) => signedHeaders.includes(name)) && signedHeaders.every((name) => request.headers.has(name));
}

/** A digest in a header is only the caller's word for the body, which must keep it. */
function hasItsDigest(request: GatewayRequest): boolean {
  const claimed = firstHeader(request, 'x-amz-content-sha256');
  return claimed === undefined || claimed === createHash('sha256').update(request.body).digest('hex');
}

/** Undefined for a query that cannot be decoded. */
async function signatureOf(
  credentials: KeyPair,
  request: GatewayRequest,
  signedHeaders: readonly string[],
  signingDate: Date,
  scope: Scope,
): Promise<string | undefined> {
  const query = decodedQuery(request.query);
  if (query === undefined) return undefined;
  // Loaded when the first signed request comes, so that starting does not wait for it.
  const [{ SignatureV4 }, { Sha256 }] = await Promise.all([import('@smithy/signature-v4'), import('@smithy/core/checksum')]);
  const signer = new SignatureV4({ ...scope, credentials, sha256: Sha256, applyChecksum: false });
  const headers = Object.fromEntries(signedHeaders.map((name) => [name, (request.headers.get(name) ?? []).join(',')]));
  const signed = await signer.sign(
    { method: request.method, protocol: 'https:', hostname: '', path: request.path, query, headers, body: request.body },
    { signingDate, signableHeaders: new Set(signedHeaders) },
  );
  return /Signature=([0-9a-f]{64})$/.exec(signed.headers['authorization'] ?? '')?.[1];
}

function decodedQuery(text: string): Record<string, string[]> | undefined {
  const query: Record<string, string[]> = Object.create(null) as Record<string, string[]>;
  try {
    for (const pair of text.split('&').filter(Boolean)) {
      const equals = pair.indexOf('=');
      const name = decodeURIComponent(equals === -1 ? pair : pair.slice(0, equals));
      (query[name] ??= []).push(decodeURIComponent(equals === -1 ? '' : pair.slice(equals + 1)));
    }
    return query;
  } catch {
    return undefined;
  }
}

const isEqual = (expected: string, given: string): boolean => timingSafeEqual(Buffer.from(expected), Buffer.from(given));
