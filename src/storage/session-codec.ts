// Session <-> item. Client id and sid are in the key alone, to keep the item under 1 KB (one write unit).
import type { Session } from '../tokens/session.ts';
import type { Confirmation } from '../tokens/confirmation.ts';
import { map, oneOf, optional, present, text, texts, wholeNumber, type Item } from './item.ts';
import { CLIENT_PREFIX, SESSION_PREFIX } from './keys.ts';

export const SESSION_STATUSES = ['active', 'ended'] as const satisfies readonly Session['status'][];

/** Everything but what is in the key. Undefined members are not stored. */
export const sessionAttributes = (session: Session): Record<Exclude<keyof Session, 'client_id' | 'sid'>, unknown> => ({
  status: session.status,
  generation: session.generation,
  rotated_by: session.rotated_by,
  rotated_at: session.rotated_at,
  mac_key: session.mac_key,
  scope: session.scope,
  audience: session.audience,
  amr: session.amr,
  epoch: session.epoch,
  created_at: session.created_at,
  last_used_at: session.last_used_at,
  expires_at: session.expires_at,
  idle_expires_at: session.idle_expires_at,
  last_access_exp: session.last_access_exp,
  ip: session.ip,
  user_agent: session.user_agent,
  ip_ranges: session.ip_ranges,
  confirmation: session.confirmation,
});

export const sessionFrom = (item: Item): Session =>
  present({
    client_id: text(item, 'PK').slice(CLIENT_PREFIX.length),
    sid: text(item, 'SK').slice(SESSION_PREFIX.length),
    status: oneOf(item, 'status', SESSION_STATUSES),
    generation: wholeNumber(item, 'generation'),
    rotated_by: optional(item, 'rotated_by', text),
    rotated_at: optional(item, 'rotated_at', wholeNumber),
    mac_key: text(item, 'mac_key'),
    scope: texts(item, 'scope'),
    audience: text(item, 'audience'),
    amr: texts(item, 'amr'),
    epoch: wholeNumber(item, 'epoch'),
    created_at: wholeNumber(item, 'created_at'),
    last_used_at: wholeNumber(item, 'last_used_at'),
    expires_at: wholeNumber(item, 'expires_at'),
    idle_expires_at: optional(item, 'idle_expires_at', wholeNumber),
    last_access_exp: wholeNumber(item, 'last_access_exp'),
    ip: text(item, 'ip'),
    user_agent: text(item, 'user_agent'),
    ip_ranges: optional(item, 'ip_ranges', texts),
    confirmation: optional(item, 'confirmation', confirmationFrom),
  });

/** A member that is not known here stays, so that nobody proves it. */
function confirmationFrom(item: Item, name: string): Confirmation {
  const members = map(item, name);
  for (const member of Object.keys(members)) text(members, member);
  return members;
}
