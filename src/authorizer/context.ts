// What an API is told about its caller: strings only, since REST APIs pass nothing else, and never the token itself.
import { nameText } from '../client-authentication/distinguished-name.ts';
import type { Connection } from './connection.ts';
import type { VerifiedToken } from './revocation.ts';

export const CONTEXT_MEMBERS = ['client_id', 'scope', 'roles', 'jti', 'sid', 'aud', 'amr', 'auth_method', 'cnf', 'trace_id'] as const;
export type AuthorizerContext = { readonly [member in (typeof CONTEXT_MEMBERS)[number]]: string };

/** The factors that authenticate a client by themselves; `ip` and `dpop` only add to one of them. */
const AUTHENTICATION_METHODS = ['client_secret', 'private_key_jwt', 'mtls', 'iam', 'federated', 'api_key'];

/** Lists are space-separated, what is not known is empty: an anonymous caller has only a `trace_id`. */
export function authorizerContext(token: VerifiedToken | undefined, traceId: string, connection: Connection = {}): AuthorizerContext {
  if (token === undefined) return { ...ANONYMOUS, ...certificateMembers(connection), trace_id: traceId };
  const { client_id, scope, roles, jti, sid = '', aud, amr, cnf } = token.claims;
  return {
    client_id,
    scope,
    roles: roles.join(' '),
    jti,
    sid,
    aud,
    amr: amr.join(' '),
    auth_method: amr.find((factor) => AUTHENTICATION_METHODS.includes(factor)) ?? '',
    cnf: cnf === undefined ? '' : JSON.stringify(cnf),
    trace_id: traceId,
  };
}

/** Of a caller that is let in by its certificate alone: it is no client, and has what its certificate says. */
function certificateMembers({ by, certificate }: Connection): Partial<AuthorizerContext> {
  if (by !== 'mtls' || certificate === undefined) return {};
  const cnf = JSON.stringify({ 'x5t#S256': certificate.thumbprint, subject_dn: nameText(certificate.subject) });
  return { amr: 'mtls', auth_method: 'mtls', cnf };
}

const ANONYMOUS = { client_id: '', scope: '', roles: '', jti: '', sid: '', aud: '', amr: '', auth_method: '', cnf: '' } as const;
