// For Lambda handlers built with middy: `middy(handler).use(m2mAuth(verifier, { scopes: ['orders:read'] }))`.
import { attachAuth } from './attached-auth.ts';
import { checkedProxies, type AddressOptions } from './caller-address.ts';
import { lambdaAnswer, requestFromLambda, type LambdaAnswer } from './lambda-request.ts';
import { verifyFor } from './own-demand.ts';
import type { Demand, Verifier } from './verifier.ts';

export type MiddyAuth = {
  readonly before: (request: { readonly event: unknown; readonly context: object }) => Promise<LambdaAnswer | undefined>;
};

/**
 * Refuses as RFC 6750 says, or lets the handler run with `context.auth`.
 *
 * @param options what this handler demands, instead of what the verifier does; and how the address behind a load balancer is known.
 */
export function m2mAuth(verifier: Verifier, { proxies, ...demand }: Demand & AddressOptions = {}): MiddyAuth {
  checkedProxies({ proxies });
  const verify = verifyFor(verifier, demand);
  return {
    before: async ({ event, context }) => {
      const verification = await verify(requestFromLambda(event, { proxies }));
      if (!verification.allowed) return lambdaAnswer(verification.refusal.answer, event);
      attachAuth(context, verification.auth);
      return undefined;
    },
  };
}
