// Binding tokens to what their client has proven to hold: the certificate of its connection (RFC 8705 section 3), a key (RFC 9449 section 5).
import type { AuthenticatedClient } from '../client-authentication/authenticate.ts';
import type { HttpRequest } from '../http/message.ts';
import { ok, refuse, type Result } from '../result.ts';
import type { Confirmation } from '../tokens/confirmation.ts';
import { boundToKey } from './dpop.ts';
import type { Failure } from './failure.ts';
import type { Trail } from './trail.ts';

/** What this request has proven to hold. */
export const provenIn = ({ request, provenKey }: Pick<Trail, 'request' | 'provenKey'>): Confirmation => ({
  ...(request.certificate && { 'x5t#S256': request.certificate.thumbprint }),
  ...(provenKey && { jkt: provenKey.jkt }),
});

/** Both, where a client uses both. */
export function boundCaller(trail: Trail, caller: AuthenticatedClient): Result<AuthenticatedClient, Failure> {
  const bound = boundToCertificate(caller, trail.request);
  return bound.ok ? boundToKey(bound.value, trail) : bound;
}

/**
 * The caller with what its tokens are bound to. A client that is registered for bound tokens gets no other: "it is at the authorization
 * server's discretion as to whether to return an error or issue an unbound token" (RFC 8705 section 3.4).
 */
function boundToCertificate(caller: AuthenticatedClient, { certificate }: HttpRequest): Result<AuthenticatedClient, Failure> {
  if (caller.client.tls_client_certificate_bound_access_tokens !== true) return ok(caller);
  if (certificate === undefined) return refuse({ reason: 'certificate_missing' });
  return ok({ ...caller, confirmation: { ...caller.confirmation, 'x5t#S256': certificate.thumbprint } });
}
