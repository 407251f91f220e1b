// The networks that one credential, a secret or an API key, may be used from, besides those of its client.
import { cidr, list, type Reader } from './client-metadata.ts';
import { MAXIMUM } from './maximum-lengths.ts';

/** At least one: an empty list could be meant as "from anywhere" or as "from nowhere". */
export const readCredentialRanges: Reader<readonly string[]> = list(cidr, { min: 1, max: MAXIMUM.credentialIpRanges });
