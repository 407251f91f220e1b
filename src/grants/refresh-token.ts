/**
 * RFC 6749 section 6 with rotation (RFC 9700 section 4.14.2). What a presented refresh token means is decided here, from the session
 * as stored; making it so is one conditional write of the caller's.
 */
import type { AuthenticatedClient } from '../client-authentication/authenticate.ts';
import { ok, refuse, type Result } from '../result.ts';
import type { RefreshToken } from '../tokens/refresh-token.ts';
import { chooseAudience, type ResourceFailure } from '../tokens/resource.ts';
import { formatScope, grantScope, type ScopeFailure } from '../tokens/scope.ts';
import type { Session } from '../tokens/session.ts';
import { audiencesOf, networksOf, type TokenDecision } from './issued-token.ts';

export type RefreshFailure =
  | { readonly reason: 'refresh_token_malformed' }
  | { readonly reason: 'refresh_token_forged' }
  | { readonly reason: 'refresh_token_foreign'; readonly clientId: string }
  | { readonly reason: 'session_unknown' }
  | { readonly reason: 'session_ended' }
  /** Times in epoch seconds. */
  | { readonly reason: 'session_expired'; readonly endedAt: number }
  | { readonly reason: 'session_idle'; readonly endedAt: number; readonly lastUsedAt: number }
  | { readonly reason: 'session_of_older_epoch'; readonly sessionEpoch: number; readonly clientEpoch: number }
  /** Another certificate or key than the one that the session began with, or none. */
  | { readonly reason: 'session_binding_unproven' }
  | { readonly reason: 'refresh_token_ahead'; readonly presented: number; readonly stored: number }
  | {
      readonly reason: 'refresh_token_reused';
      readonly presented: number;
      readonly stored: number;
      readonly graceSeconds: number;
      /** Since the current token was made; absent for the first. */
      readonly secondsSinceRotation?: number;
    };

/** `rotate`: the current token; `replay`: its predecessor, within the grace window, gets the same successor again. */
export type RefreshWay = 'rotate' | 'replay';

export type RefreshContext = {
  readonly graceSeconds: number;
  /** Epoch milliseconds. */
  readonly nowMs: number;
};

/** Whether the session is still one to refresh, and what the presented generation means in it. */
export function judgeRefresh(
  presented: Pick<RefreshToken, 'generation'>,
  session: Session | undefined,
  clientEpoch: number,
  { graceSeconds, nowMs }: RefreshContext,
): Result<RefreshWay, RefreshFailure> {
  const now = Math.floor(nowMs / 1000);
  if (session === undefined) return refuse({ reason: 'session_unknown' });
  const end = endOf(session, clientEpoch, now);
  if (end !== undefined) return refuse(end);
  const generations = { presented: presented.generation, stored: session.generation };
  // A table restored from a backup is behind its tokens: refused, but no sign of theft.
  if (presented.generation > session.generation) return refuse({ reason: 'refresh_token_ahead', ...generations });
  const isCurrent = presented.generation === session.generation;
  if (!isCurrent && !isWithinGrace(presented, session, { graceSeconds, nowMs }))
    return refuse({ reason: 'refresh_token_reused', ...generations, graceSeconds, ...sinceRotation(session, nowMs) });
  // The idle end is judged after reuse, so that an old token ends an idle session all the same.
  if (session.idle_expires_at !== undefined && session.idle_expires_at <= now)
    return refuse({ reason: 'session_idle', endedAt: session.idle_expires_at, lastUsedAt: session.last_used_at });
  return ok(isCurrent ? 'rotate' : 'replay');
}

/** Why the whole session is over, whichever of its tokens is presented. */
function endOf(session: Session, clientEpoch: number, now: number): RefreshFailure | undefined {
  if (session.status !== 'active') return { reason: 'session_ended' };
  if (session.expires_at <= now) return { reason: 'session_expired', endedAt: session.expires_at };
  return session.epoch < clientEpoch ? { reason: 'session_of_older_epoch', sessionEpoch: session.epoch, clientEpoch } : undefined;
}

const sinceRotation = ({ rotated_at: rotatedAt }: Session, nowMs: number): { readonly secondsSinceRotation?: number } =>
  rotatedAt === undefined ? {} : { secondsSinceRotation: Math.round((nowMs - rotatedAt) / 1000) };

/** A retry after a lost answer: exactly one generation behind, and soon enough. Clocks may differ: a negative age counts as 0. */
function isWithinGrace(presented: Pick<RefreshToken, 'generation'>, session: Session, { graceSeconds, nowMs }: RefreshContext): boolean {
  if (graceSeconds === 0 || presented.generation !== session.generation - 1 || session.rotated_at === undefined) return false;
  return Math.max(0, nowMs - session.rotated_at) <= graceSeconds * 1000;
}

/** A session keeps what it began bound to; what its client has been registered for since comes on top. */
function confirmationOf(
  { confirmation: proven }: AuthenticatedClient,
  { confirmation: kept }: Session,
): Pick<TokenDecision, 'confirmation'> {
  return proven === undefined && kept === undefined ? {} : { confirmation: { ...proven, ...kept } };
}

/** A key that is proven authenticates nobody by itself: beside it, as without, stands what was proven when the session began. */
const amrOf = (factors: readonly string[], session: Session): readonly string[] =>
  factors.some((factor) => factor !== 'dpop') ? factors : [...new Set([...session.amr, ...factors])];

export const refreshToken = {
  grantType: 'refresh_token',
  parameters: ['refresh_token', 'scope', 'resource'],
  /**
   * "The requested scope MUST NOT include any scope not originally granted by the resource owner, and if omitted is treated as equal
   * to the scope originally granted" (RFC 6749 section 6), less what the client has lost since.
   */
  decide(
    caller: AuthenticatedClient,
    session: Session,
    parameters: ReadonlyMap<string, string>,
    issuer: string,
  ): Result<TokenDecision, ScopeFailure | ResourceFailure> {
    const { client, factors } = caller;
    const held = session.scope.filter((token) => client.scope.includes(token));
    const scope = grantScope(parameters.get('scope'), held, held);
    if (!scope.ok) return scope;
    const [lost] = session.scope;
    if (held.length === 0 && lost !== undefined)
      return refuse({ reason: 'scope_not_allowed', scope: lost, allowed: formatScope(client.scope) });
    const audience = chooseAudience(parameters.get('resource'), [session.audience]);
    if (!audience.ok) return audience;
    if (!audiencesOf(client, issuer).includes(session.audience))
      return refuse({ reason: 'resource_not_allowed', resource: session.audience, registered: audiencesOf(client, issuer).join(' ') });
    const amr = amrOf(factors, session);
    const binding = confirmationOf(caller, session);
    return ok({ client, scope: scope.value, audience: audience.value, amr, sid: session.sid, ...networksOf(caller, session), ...binding });
  },
} as const;
