/**
 * GET, POST and DELETE /denied-certificates: certificates that serve for nothing any more, for whoever manages all clients. API Gateway
 * looks at no list of an authority's (CRL, OCSP), so a certificate that was lost works until its own end unless it is in this one.
 */
import * as events from '../audit/events.ts';
import { certificateFrom, issuedAs, serialFrom } from '../client-authentication/certificate.ts';
import { nameText, parseName } from '../client-authentication/distinguished-name.ts';
import { isThumbprint } from '../clients/certificate-metadata.ts';
import { MAXIMUM } from '../clients/maximum-lengths.ts';
import { readTime, rfc3339 } from '../clients/time.ts';
import { readJsonObject } from '../http/json-body.ts';
import { nowSeconds } from '../http/message.ts';
import { ok, refuse, type Result } from '../result.ts';
import type { Failure } from './failure.ts';
import { by, isUnrestricted, type Answer, type Manager } from './managed-client.ts';
import type { CertificateStore, DeniedCertificate } from './stores.ts';
import { factsOf, type Trail } from './trail.ts';

export type DeniedCertificatesDeps = { readonly certificates: CertificateStore };

const YEAR_SECONDS = 365 * 24 * 60 * 60;
/** Longer than an authority gives certificates to clients; one whose end is known is denied until then. */
const DEFAULT_SECONDS = 10 * YEAR_SECONDS;
const MAX_SECONDS = 30 * YEAR_SECONDS;
const REASON_MAX_CHARACTERS = 100;

export async function manageDeniedCertificates(
  trail: Trail,
  manager: Manager,
  deps: DeniedCertificatesDeps,
): Promise<Result<Answer, Failure>> {
  if (!isUnrestricted(manager))
    return refuse({ reason: 'beyond_manager', field: 'manages_tags', problem: 'lets you manage clients alone' });
  switch (trail.request.routeKey) {
    case 'POST /denied-certificates':
      return deny(trail, manager, deps);
    case 'DELETE /denied-certificates':
      return letIn(trail, manager, deps);
    default:
      return list(trail, deps);
  }
}

async function list({ request }: Trail, { certificates }: DeniedCertificatesDeps): Promise<Result<Answer, Failure>> {
  const denied = await certificates.list(nowSeconds(request));
  return ok({ status: 200, body: { items: denied.map(deniedAnswer), next: null } });
}

async function deny(trail: Trail, manager: Manager, { certificates }: DeniedCertificatesDeps): Promise<Result<Answer, Failure>> {
  const wish = readWish(trail);
  if (!wish.ok) return wish;
  const denied = { ...wish.value, created_by: manager.name };
  await certificates.deny(denied, events.certificateDenied(factsOf(trail), { reason: `${by(manager)} ${denied.id}` }));
  return ok({ status: 201, body: deniedAnswer(denied) });
}

async function letIn(trail: Trail, manager: Manager, { certificates }: DeniedCertificatesDeps): Promise<Result<Answer, Failure>> {
  const [id = '', ...repeated] = new URLSearchParams(trail.request.query).getAll('id');
  if (repeated.length > 0 || !isThumbprint(id)) return refuse({ reason: 'certificate_unknown' });
  const event = events.certificateAllowed(factsOf(trail), { reason: `${by(manager)} ${id}` });
  return (await certificates.letIn(id, event, nowSeconds(trail.request)))
    ? ok({ status: 204, body: undefined })
    : refuse({ reason: 'certificate_unknown' });
}

/** `{"certificate": PEM}`, `{"x5t#S256"}` or `{"issuer", "serial"}`, and `expires_at`, `reason` beside. */
function readWish({ request }: Trail): Result<Omit<DeniedCertificate, 'created_by'>, Failure> {
  const body = readJsonObject(request);
  if (!body.ok) return body;
  const named = readCertificate(body.value);
  if (!named.ok) return named;
  const { reason = '', expires_at: end } = body.value;
  if (typeof reason !== 'string' || reason.length > REASON_MAX_CHARACTERS || /\p{Cc}/u.test(reason))
    return invalid('reason', `must be at most ${REASON_MAX_CHARACTERS} printable characters`);
  const now = nowSeconds(request);
  const expiresAt = readEnd(end, named.value.notAfter ?? now + DEFAULT_SECONDS, now);
  if (!expiresAt.ok) return expiresAt;
  const { id, certificate } = named.value;
  return ok({ id, certificate, reason, created_at: now, expires_at: expiresAt.value });
}

type Named = Pick<DeniedCertificate, 'id' | 'certificate'> & { readonly notAfter?: number };

function readCertificate(body: Readonly<Record<string, unknown>>): Result<Named, Failure> {
  const { certificate: pem, 'x5t#S256': thumbprint, issuer, serial } = body;
  const ways = [pem, thumbprint, issuer ?? serial].filter((way) => way !== undefined);
  if (ways.length !== 1) return invalid('certificate', 'must be given, or x5t#S256, or issuer and serial: one of the three');
  if (pem !== undefined) return fromPem(pem);
  if (thumbprint !== undefined)
    return isThumbprint(thumbprint)
      ? ok({ id: thumbprint, certificate: thumbprint })
      : invalid('x5t#S256', 'must be the SHA-256 of the certificate in base64url');
  return fromIssuer(issuer, serial);
}

function fromPem(pem: unknown): Result<Named, Failure> {
  const certificate = typeof pem === 'string' ? certificateFrom(pem) : undefined;
  if (certificate === undefined) return invalid('certificate', 'must be one certificate (PEM)');
  const { thumbprint, notAfter } = certificate;
  return ok({ id: thumbprint, certificate: thumbprint, notAfter });
}

/** As an authority's own list of revoked certificates has them. */
function fromIssuer(issuer: unknown, serial: unknown): Result<Named, Failure> {
  const name = typeof issuer === 'string' && issuer.length <= MAXIMUM.certificateName ? parseName(issuer) : undefined;
  if (name === undefined) return invalid('issuer', 'must be a distinguished name (RFC 4514) such as CN=Example CA,O=Example');
  if (typeof serial !== 'string' || !/^(?:[0-9A-Fa-f]{2}:?){0,40}[0-9A-Fa-f]{1,2}$/.test(serial))
    return invalid('serial', 'must be hexadecimal');
  const spelt = serialFrom(serial);
  return ok({ id: issuedAs(name, spelt), certificate: `${spelt} ${nameText(name)}` });
}

function readEnd(given: unknown, usual: number, now: number): Result<number, Failure> {
  if (given === undefined || given === null) return usual > now ? ok(usual) : invalid('certificate', 'has expired, and is refused without');
  const time = readTime(given);
  if (!time.ok) return invalid('expires_at', time.failure);
  return time.value > now && time.value <= now + MAX_SECONDS ? ok(time.value) : invalid('expires_at', 'must be within 30 years from now');
}

const invalid = (field: string, problem: string) => refuse({ reason: 'certificate_invalid', field, problem } as const);

const deniedAnswer = ({ created_at: createdAt, expires_at: expiresAt, ...denied }: DeniedCertificate) => ({
  ...denied,
  created_at: rfc3339(createdAt),
  expires_at: rfc3339(expiresAt),
});
