// Values of `WWW-Authenticate` at protected resources (RFC 6750 section 3, RFC 9449 section 7.1).
import { DPOP_ALGORITHMS } from '../tokens/dpop.ts';

/** How an access token is presented: by itself, or with the proof of a key. */
export type Scheme = 'Bearer' | 'DPoP';

/** `error` is absent where no token was sent. */
export type Challenge = { readonly error?: string | undefined; readonly description?: string | undefined; readonly scope?: string };

export function challenge(scheme: Scheme, { error, description, scope }: Challenge = {}): string {
  const parameters = [
    'realm="m2m-auth"',
    ...(error === undefined ? [] : [`error="${error}"`]),
    ...(description === undefined || error === undefined ? [] : [`error_description="${description}"`]),
    ...(scope === undefined ? [] : [`scope="${scope}"`]),
    ...(scheme === 'DPoP' ? [`algs="${DPOP_ALGORITHMS.join(' ')}"`] : []),
  ];
  return `${scheme} ${parameters.join(', ')}`;
}

/** For a bound token that came by itself: it is not taken so, but with a proof it would be. */
export const challengeOfBoth = (bearer: Challenge): string => `${challenge('Bearer', bearer)}, ${challenge('DPoP')}`;

/** The scheme of an Authorization header; a caller who sends none is asked for the usual one. */
export const schemeOf = (authorization: string | undefined): Scheme => (/^dpop(?: |$)/i.test(authorization ?? '') ? 'DPoP' : 'Bearer');
