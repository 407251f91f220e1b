// The Lambda authorizer for APIs anywhere: keys and revocations from the issuer's public documents, no AWS SDK, no permissions.
import { createApiKeyExchange } from '../../src/authorizer/api-key-exchange.ts';
import { createAuthorizer } from '../../src/authorizer/authorizer.ts';
import { authorizerHandler } from '../../src/authorizer/handler.ts';
import { fetchDocument } from '../../src/authorizer/issuer-document.ts';
import { createIssuerFeed } from '../../src/authorizer/issuer-feed.ts';
import { createIssuerKeys } from '../../src/authorizer/issuer-keys.ts';
import { withoutRevocation } from '../../src/authorizer/revocation.ts';
import { authorizerFeedEnv } from './env.ts';

export const handler = authorizerHandler(() => {
  const { issuer, audience, rules, responseFormat, publicUrl, revocation, whenStale } = authorizerFeedEnv(process.env);
  const clock = (): number => Date.now();
  const authorize = createAuthorizer({
    issuer,
    audience,
    rules,
    keys: createIssuerKeys({ issuer, fetchDocument }),
    revocation: revocation === 'off' ? withoutRevocation : createIssuerFeed({ issuer, fetchDocument, clock, whenStale }),
    exchange: createApiKeyExchange({ issuer, audience }),
    clock,
  });
  return { authorize, issuer, audience, rules, responseFormat, publicUrl, clock };
});
