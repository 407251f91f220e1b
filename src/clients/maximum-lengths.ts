/**
 * The one table of maximum lengths and counts: parsing refuses beyond them, storage relies on them (an item stays small and no
 * key is over DynamoDB's limits), and docs/clients.md repeats them. Characters unless the name says otherwise.
 */
export const MAXIMUM = {
  clientName: 128,
  scopeToken: 64,
  scopes: 50,
  /** All scopes with their spaces: they ride in every token, and a request's headers must stay under 10,240 bytes. */
  scopeText: 2_000,
  role: 64,
  roles: 20,
  audience: 256,
  audiences: 10,
  contact: 128,
  contacts: 5,
  tag: 64,
  tags: 20,
  owner: 128,
  ipRanges: 20,
  /** Of one secret or API key. */
  credentialIpRanges: 10,
  jwksKeys: 5,
  /** Of all keys together, as they are stored. */
  jwksText: 6_000,
  kid: 128,
  jwksUri: 512,
  iamPrincipal: 256,
  iamPrincipals: 10,
  /** Of a name in a certificate, as text. */
  certificateName: 512,
  certificates: 5,
  liveSecrets: 5,
  /** Requests that race for the last places may exceed it by as many as they are. */
  liveApiKeys: 50,
  accessTokenLifetimeSeconds: 3600,
  refreshTokenLifetimeSeconds: 365 * 24 * 3600,
  rateLimitPerMinute: 1_000_000,
  /** More than one item of the table can count in a day. */
  quota: 100_000_000,
} as const;

export const REFRESH_TOKEN_LIFETIME_DEFAULT_SECONDS = 7 * 24 * 3600;
export const PAGE_LIMIT = { default: 50, max: 100 } as const;
