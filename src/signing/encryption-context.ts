/**
 * What a wrapped private key is bound to: KMS unwraps it for exactly this context, and the policies of key and roles demand it
 * (lib/state/wrapping-key.ts). CloudTrail shows it in clear with every call, so it holds nothing secret.
 */
export const SERVICE = 'm2m-auth';

export type EncryptionContext = { readonly service: typeof SERVICE; readonly issuer: string; readonly kid: string };

export const encryptionContext = (issuer: string, kid: string): EncryptionContext => ({ service: SERVICE, issuer, kid });
