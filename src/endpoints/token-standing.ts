// What an endpoint has read of a token's owner, session and revocation, as the authorizer's core judges it.
import type { TokenStanding } from '../authorizer/revocation.ts';
import { hasEnded } from '../clients/client.ts';
import type { Loaded } from './stores.ts';

/** @param sid the session or API key that the token names, undefined when it names none. @param now epoch seconds. */
export const standingOf = ({ owner, session, apiKey, tokenRevoked }: Loaded, sid: string | undefined, now: number): TokenStanding => ({
  clientEpoch: owner?.epoch,
  clientDisabled: owner !== undefined && (owner.disabled || hasEnded(owner, now)),
  sessionStatus: sid === undefined ? 'none' : ((session ?? apiKey)?.status ?? 'absent'),
  tokenRevoked,
});
