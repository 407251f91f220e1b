// The audit events of a signing key: who or what, and which key. No request of a client has anything to do with them.
import { randomUUID } from 'node:crypto';
import type { AuditEvent } from '../audit/event.ts';
import * as events from '../audit/events.ts';

export type KeyActor = 'schedule' | 'operator';
type KeyEvent = (by: KeyActor, kid: string, now: number) => AuditEvent;

const keyEvent =
  (event: (facts: events.RequestFacts, subject: { readonly reason: string }) => AuditEvent): KeyEvent =>
  (by, kid, now) =>
    event({ eventId: randomUUID(), ip: '', userAgent: '', traceId: '', nowMs: now * 1000 }, { reason: `${by} ${kid}` });

/** @param now epoch seconds. */
export const keyCreated: KeyEvent = keyEvent(events.signingKeyCreated);
export const keyActivated: KeyEvent = keyEvent(events.signingKeyActivated);
export const keyRetired: KeyEvent = keyEvent(events.signingKeyRetired);
export const keyRevoked: KeyEvent = keyEvent(events.signingKeyRevoked);
