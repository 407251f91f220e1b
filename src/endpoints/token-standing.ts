// What an endpoint has read of a token's owner, session and revocation, as the authorizer's core judges it.
import type { TokenStanding } from '../authorizer/revocation.ts';
import type { Loaded } from './stores.ts';

/** @param sid the session that the token names, undefined when it names none. */
export const standingOf = ({ owner, session, tokenRevoked }: Loaded, sid: string | undefined): TokenStanding => ({
  clientEpoch: owner?.epoch,
  clientDisabled: owner?.disabled ?? false,
  sessionStatus: sid === undefined ? 'none' : (session?.status ?? 'absent'),
  tokenRevoked,
});
