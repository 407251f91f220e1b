// For Express, and whatever takes its middleware: `app.get('/orders', expressAuth(verifier, { scopes: ['orders:read'] }), handler)`.
import { attachAuth } from './attached-auth.ts';
import { checkedProxies, type AddressOptions } from './caller-address.ts';
import { requestFromNode, type NodeMessage } from './node-request.ts';
import { verifyFor } from './own-demand.ts';
import type { Demand, Verifier } from './verifier.ts';

type Response = {
  writeHead(status: number, headers: Record<string, string>): { end(body: string): unknown };
};
export type ExpressAuth = (request: NodeMessage, response: Response, next: (error?: unknown) => void) => void;

/**
 * Refuses as RFC 6750 says, or calls `next` with `request.auth` set. Express's own `trust proxy` has no say in it.
 *
 * @param options what these routes demand, instead of what the verifier does; and how the caller's address is known.
 */
export function expressAuth(verifier: Verifier, { proxies, ...demand }: Demand & AddressOptions = {}): ExpressAuth {
  checkedProxies({ proxies });
  const verify = verifyFor(verifier, demand);
  const admit = async (request: NodeMessage, response: Response): Promise<boolean> => {
    const verification = await verify(requestFromNode(request, { proxies }));
    if (verification.allowed) {
      attachAuth(request, verification.auth);
      return true;
    }
    const { status, headers, body } = verification.refusal.answer;
    response.writeHead(status, { ...headers }).end(body);
    return false;
  };
  return (request, response, next) => {
    admit(request, response).then((admitted) => {
      if (admitted) next();
    }, next);
  };
}
