import type { AssertionDeps } from '../../src/endpoints/assertion-caller.ts';
import type { ExternalTokenDeps } from '../../src/endpoints/external-token.ts';

const unreachable = () => Promise.reject(new Error('no assertion comes here'));

/** For tests in which every caller has a secret. */
export const NO_ASSERTIONS: AssertionDeps = {
  issuer: 'https://issuer.example',
  oneTime: { spend: unreachable },
  jwks: { keys: unreachable },
  random: () => new Uint8Array(0),
};

export const NO_EXTERNAL_TOKENS: ExternalTokenDeps = {
  trustRules: { ofIssuer: unreachable },
  issuers: { jwksUri: unreachable },
  jwks: { keys: unreachable },
};
