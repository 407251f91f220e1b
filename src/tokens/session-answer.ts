// A session as its client and its operators see it (docs/sessions.md): nothing that makes a token, times in RFC 3339.
import { hasEnded, type Client } from '../clients/client.ts';
import { formatScope } from './scope.ts';
import type { Session } from './session.ts';

type SessionStatus = 'active' | 'ended' | 'expired';

/** @param owner the session's client as it is now. @param now epoch seconds. */
export const sessionAnswer = (session: Session, owner: Client, now: number): Readonly<Record<string, unknown>> => ({
  sid: session.sid,
  client_id: session.client_id,
  scope: formatScope(session.scope),
  created_at: rfc3339(session.created_at),
  last_used_at: rfc3339(session.last_used_at),
  expires_at: rfc3339(session.expires_at),
  ip: session.ip,
  user_agent: session.user_agent,
  /** The key or certificate that refreshing it takes, as its tokens have it in `cnf`. */
  binding: session.confirmation ?? null,
  status: statusOf(session, owner, now),
});

/** What its refresh token would meet, whatever TTL has left in the table. */
function statusOf(session: Session, owner: Client, now: number): SessionStatus {
  // Raising the client's epoch ends its sessions without touching their records.
  if (session.status === 'ended' || session.epoch < owner.epoch) return 'ended';
  const isOver = session.expires_at <= now || (session.idle_expires_at !== undefined && session.idle_expires_at <= now);
  return isOver || hasEnded(owner, now) ? 'expired' : 'active';
}

const rfc3339 = (seconds: number): string => new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
