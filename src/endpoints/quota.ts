/**
 * A client's quotas, where tokens are issued: counted when everything else has been decided and before anything is signed, so that
 * nothing is signed beyond them and what is refused burns nothing. A client without quotas costs no call.
 */
import { quotaAllowances, quotaResetSeconds, usedUpQuota } from '../abuse/quota.ts';
import type { Client } from '../clients/client.ts';
import { nowSeconds } from '../http/message.ts';
import { Outage } from '../outage.ts';
import { ok, refuse, type Result } from '../result.ts';
import type { QuotaFailure } from './failure.ts';
import type { RequestStore } from './stores.ts';
import type { Trail } from './trail.ts';

type QuotaDeps = { readonly requests: Pick<RequestStore, 'countQuota' | 'countBeyondQuota'> };

/** One conditional write; a counter that cannot be written is an outage, never a token. */
export async function spendQuota(trail: Trail, client: Client, { requests }: QuotaDeps): Promise<Result<undefined, QuotaFailure>> {
  const { client_id: clientId, quotas = [] } = client;
  if (quotas.length === 0) return ok(undefined);
  const now = nowSeconds(trail.request);
  const { counted, hits } = await requests.countQuota(clientId, quotas, now);
  trail.quotas = quotaAllowances(quotas, hits, now);
  if (counted) return ok(undefined);
  const usedUp = usedUpQuota(quotas, hits);
  // The write says one is used up and the read says none is: which of them is right is not known.
  if (usedUp === undefined) throw new Outage('dynamodb:UpdateItem');
  return refuse({ reason: 'quota_exceeded', ...usedUp, retryAfterSeconds: quotaResetSeconds(usedUp.per, now) });
}

/**
 * For the repeat of a refresh whose answer was lost: it counts as any other token, but it is never refused, since by the time that
 * there is quota again the presented token would have become one that ends its session.
 */
export async function overdrawQuota(trail: Trail, client: Client, { requests }: QuotaDeps): Promise<Result<undefined, never>> {
  const { client_id: clientId, quotas = [] } = client;
  if (quotas.length === 0) return ok(undefined);
  const now = nowSeconds(trail.request);
  trail.quotas = quotaAllowances(quotas, await requests.countBeyondQuota(clientId, quotas, now), now);
  return ok(undefined);
}
