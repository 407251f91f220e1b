// The id of a trust rule says where it is stored, so that no rule has to be looked for.
import { createHash } from 'node:crypto';

const DIGEST_CHARACTERS = 16;

/** Names an issuer in a key of the table. Two issuers of one digest would share a partition, and nothing else: `iss` is compared itself. */
export const issuerDigest = (issuer: string): string => createHash('sha256').update(issuer).digest('base64url').slice(0, DIGEST_CHARACTERS);

/** @param random 6 fresh random bytes. */
export const trustRuleId = (issuer: string, clientId: string, random: Uint8Array): string =>
  `${issuerDigest(issuer)}.${clientId}.${Buffer.from(random).toString('hex')}`;

/** The client that a rule of this id is for. */
export const clientOfRule = (id: string): string => id.split('.')[1] ?? '';
