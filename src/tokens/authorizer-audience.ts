/**
 * An authorizer that was shown an API key exchanges it at the issuer, which then sees the authorizer's address and not the caller's.
 * So it asks, by a parameter of `/token`, for a token whose networks it will judge itself, by the caller's own address. That token
 * must serve nowhere else: its `aud` has a fragment, which no resource has (RFC 8707 section 2), so that no client registers it, no
 * API expects it, and no authorizer takes it from a caller.
 */
export const TOKEN_USE = { parameter: 'token_use', authorizer: 'authorizer' } as const;

export const authorizerAudience = (audience: string): string => `${audience}#api-key`;
