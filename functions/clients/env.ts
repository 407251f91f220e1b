// Registration needs what revocation needs: the issuer, the table, the ring (to digest new secrets) and a rate limit.
export { REVOKE_ENV as CLIENTS_ENV, revokeEnv as clientsEnv } from '../revoke/env.ts';
