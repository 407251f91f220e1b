// RFC 6749 section 4.4: the client gets a token for itself.
import type { AuthenticatedClient } from '../client-authentication/authenticate.ts';
import { ok, type Result } from '../result.ts';
import { chooseAudience, type ResourceFailure } from '../tokens/resource.ts';
import { grantScope, type ScopeFailure } from '../tokens/scope.ts';
import { audiencesOf, defaultScopeOf, type TokenDecision } from './issued-token.ts';

export const clientCredentials = {
  grantType: 'client_credentials',
  parameters: ['scope', 'resource'],
  /** @param parameters the request's; `issuer` is the audience of a client that has none registered. */
  decide(
    { client, factors }: AuthenticatedClient,
    parameters: ReadonlyMap<string, string>,
    issuer: string,
  ): Result<TokenDecision, ScopeFailure | ResourceFailure> {
    const scope = grantScope(parameters.get('scope'), client.scope, defaultScopeOf(client));
    if (!scope.ok) return scope;
    const audience = chooseAudience(parameters.get('resource'), audiencesOf(client, issuer));
    if (!audience.ok) return audience;
    return ok({ client, scope: scope.value, audience: audience.value, amr: factors });
  },
} as const;
