// Where middleware leaves who called: as `auth` on the Lambda context or the Express request.
import type { Auth } from './verifier.ts';

export const attachAuth = (carrier: object, auth: Auth): void => void Object.assign(carrier, { auth });

/**
 * Who calls, for a handler behind one of the middlewares.
 *
 * @param carrier the Lambda context or the Express request. Throws where no middleware has been, so that a handler that was left
 * unprotected fails instead of serving.
 */
export function authOf(carrier: object): Auth {
  const { auth } = carrier as { auth?: Auth };
  if (auth?.context === undefined) throw new TypeError('nobody has verified this request');
  return auth;
}
