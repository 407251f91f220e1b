/** JWS algorithms that sign access tokens (RFC 7518 section 3.1, RFC 8037 section 3.1). One list for both sides. */
export const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const;
export type Algorithm = (typeof ALGORITHMS)[number];
export const isAlgorithm = (value: unknown): value is Algorithm => (ALGORITHMS as readonly unknown[]).includes(value);
