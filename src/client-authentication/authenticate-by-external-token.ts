// Is the client of the trust rule still the one that it was made for, and may it act?
import type { Client } from '../clients/client.ts';
import { ok, refuse, type Result } from '../result.ts';
import { checkStanding, networkFactor, type AuthenticatedClient, type AuthenticationFailure } from './authenticate.ts';
import { shown, type ExternalToken } from './external-token.ts';
import type { TrustRule } from './trust-rule.ts';

/** What an external issuer's token has proven, and what the rule makes of it. */
export type ExternalIdentity = {
  readonly ruleId: string;
  /** Who it is at its issuer, for the audit trail: printable, cut. */
  readonly issuer: string;
  readonly subject: string;
  /** The most that tokens hold; absent = what the client may, without managing clients. */
  readonly scope?: readonly string[];
  /** When tokens end at the latest, epoch seconds; absent = as the client's others do. */
  readonly endsAt?: number;
};

/** @param rule the one that has taken the token. */
export function authenticateByExternalToken(
  { issuer, claims: { sub } }: ExternalToken,
  rule: TrustRule,
  { client, ip, now }: { readonly client: Client | undefined; readonly ip: string; readonly now: number },
): Result<AuthenticatedClient, AuthenticationFailure> {
  const { id: ruleId, client_id: clientId, scope, maximum_lifetime: lifetime } = rule;
  if (client === undefined || client.client_id_issued_at !== rule.client_id_issued_at)
    return refuse({ reason: 'unknown_client', clientId, method: 'federated' });
  const standing = checkStanding(client, ip, now);
  if (!standing.ok) return standing;
  const external: ExternalIdentity = {
    ruleId,
    issuer: shown(issuer),
    subject: shown(sub),
    ...(scope && { scope }),
    ...(lifetime === undefined ? {} : { endsAt: now + lifetime }),
  };
  return ok({ client, credential: undefined, factors: ['federated', ...networkFactor(client)], external });
}

/** The `reason` of the audit event of a token that was got so. */
export const externalReason = ({ ruleId, issuer, subject }: ExternalIdentity): string => `rule:${ruleId} iss:${issuer} sub:${subject}`;
