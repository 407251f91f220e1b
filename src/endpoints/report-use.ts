/**
 * When a secret was last used, written beside the signature, at most once in 5 minutes for a secret. Nothing depends on it: a write
 * that fails or takes its time is left behind.
 */
import type { AuthenticatedClient } from '../client-authentication/authenticate.ts';
import type { ReportedUses } from '../clients/secret-use.ts';
import { nowSeconds } from '../http/message.ts';
import { describeError, log } from '../telemetry/log.ts';
import { orLeftBehind } from './left-behind.ts';
import type { SecretUseStore } from './stores.ts';
import type { Trail } from './trail.ts';

export type ReportUseDeps = { readonly secretUses: Pick<SecretUseStore, 'record'>; readonly reportedUses: ReportedUses };

/** Never rejects, and resolves within 0.3 s. */
export async function reportUse(trail: Trail, { client, credential }: AuthenticatedClient, deps: ReportUseDeps): Promise<void> {
  const now = nowSeconds(trail.request);
  const { client_id: clientId } = client;
  if (credential === undefined || !deps.reportedUses.isDue(clientId, credential.id, now)) return;
  const { ip, userAgent } = trail.request;
  const written = deps.secretUses
    .record(clientId, credential.id, { last_used_at: now, ip, user_agent: userAgent })
    .catch((error: unknown) => {
      log('WARN', 'the last use of a secret was not written', {
        endpoint: trail.endpoint,
        client_id: clientId,
        trace_id: trail.request.traceId,
        error: describeError(error),
      });
    });
  await orLeftBehind(written);
}
