// Introspection needs what revocation needs: the issuer, the table, the ring and a rate limit.
export { REVOKE_ENV as INTROSPECT_ENV, revokeEnv as introspectEnv } from '../revoke/env.ts';
