// RFC 6749 section 4.4: the client gets a token for itself.
import type { AuthenticatedClient } from '../client-authentication/authenticate.ts';
import type { Client } from '../clients/client.ts';
import { ok, type Result } from '../result.ts';
import { chooseAudience, type ResourceFailure } from '../tokens/resource.ts';
import { grantScope, type ScopeFailure } from '../tokens/scope.ts';
import { MANAGE_CLIENTS } from '../tokens/scope.ts';
import { audiencesOf, defaultScopeOf, networksOf, type TokenDecision } from './issued-token.ts';

export const clientCredentials = {
  grantType: 'client_credentials',
  parameters: ['scope', 'resource'],
  /** @param parameters the request's; `issuer` is the audience of a client that has none registered. */
  decide(
    caller: AuthenticatedClient,
    parameters: ReadonlyMap<string, string>,
    issuer: string,
  ): Result<TokenDecision, ScopeFailure | ResourceFailure> {
    const { client, factors, apiKey, external, confirmation } = caller;
    const { allowed, usual } = scopesOf(caller);
    const scope = grantScope(parameters.get('scope'), allowed, usual);
    if (!scope.ok) return scope;
    const audience = chooseAudience(parameters.get('resource'), audiencesOf(client, issuer));
    if (!audience.ok) return audience;
    return ok({
      client,
      scope: scope.value,
      audience: audience.value,
      amr: factors,
      ...networksOf(caller),
      ...(confirmation && { confirmation }),
      ...(apiKey === undefined ? {} : { sid: apiKey.id }),
      ...(apiKey?.expires_at === undefined ? {} : { endsAt: apiKey.expires_at }),
      ...(external?.endsAt === undefined ? {} : { endsAt: external.endsAt }),
    });
  },
} as const;

type Scopes = { readonly allowed: readonly string[]; readonly usual: readonly string[] };

/** What may be granted, and what is granted when nothing is asked for: with an API key at most what the key and its client both have. */
function scopesOf({ client, apiKey, external }: AuthenticatedClient): Scopes {
  if (external !== undefined) return scopesByRule(client, external.scope);
  if (apiKey === undefined) return { allowed: client.scope, usual: defaultScopeOf(client) };
  const allowed = apiKey.scope.filter((token) => client.scope.includes(token));
  return { allowed, usual: allowed.filter((token) => token !== MANAGE_CLIENTS) };
}

/** A rule that says nothing of managing clients never gives it. */
function scopesByRule(client: Client, ceiling: readonly string[] | undefined): Scopes {
  const withoutManaging = (scope: readonly string[]) => scope.filter((token) => token !== MANAGE_CLIENTS);
  if (ceiling === undefined) return { allowed: withoutManaging(client.scope), usual: withoutManaging(defaultScopeOf(client)) };
  const allowed = client.scope.filter((token) => ceiling.includes(token));
  return { allowed, usual: withoutManaging(allowed) };
}
