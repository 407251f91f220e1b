import { describe, expect, it } from 'vitest';
import type { Client } from '../../src/clients/client.ts';
import { judgeRefresh, refreshToken } from '../../src/grants/refresh-token.ts';
import type { Session } from '../../src/tokens/session.ts';
import { client as clientRecord, NOW, session as sessionRecord } from '../storage/records.ts';

const GRACE_SECONDS = 30;
const NOW_MS = NOW * 1000;
const session = (members: Partial<Session> = {}): Session =>
  sessionRecord({ generation: 5, rotated_at: NOW_MS - 1000, rotated_by: 'x', ...members });
const judge = (generation: number, stored: Session | undefined, { epoch = 1, graceSeconds = GRACE_SECONDS, nowMs = NOW_MS } = {}) =>
  judgeRefresh({ generation }, stored, epoch, { graceSeconds, nowMs });
const rotate = { ok: true, value: 'rotate' };
const replay = { ok: true, value: 'replay' };
const refused = (reason: string, more: object = {}) => ({ ok: false, failure: { reason, ...more } });
const reused = (presented: number, stored = 5) => refused('refresh_token_reused', { presented, stored });

describe('what a generation means', () => {
  it('rotates for the stored one', () => {
    expect(judge(5, session())).toEqual(rotate);
    expect(judge(1, session({ generation: 1 }))).toEqual(rotate);
  });

  it('replays for the one before, from the rotation to the last millisecond of the grace window', () => {
    expect(judge(4, session({ rotated_at: NOW_MS }))).toEqual(replay);
    expect(judge(4, session({ rotated_at: NOW_MS - GRACE_SECONDS * 1000 }))).toEqual(replay);
    expect(judge(4, session({ rotated_at: NOW_MS - GRACE_SECONDS * 1000 - 1 }))).toMatchObject(reused(4));
  });

  it('takes a rotation in the future, by a clock that is ahead, for one just now', () => {
    expect(judge(4, session({ rotated_at: NOW_MS + 60_000 }))).toEqual(replay);
    expect(judge(4, session({ rotated_at: NOW_MS + 60_000 }), { graceSeconds: 1 })).toEqual(replay);
  });

  it('never replays with a grace window of 0', () => {
    expect(judge(4, session({ rotated_at: NOW_MS }), { graceSeconds: 0 })).toMatchObject(reused(4));
  });

  it('never replays what was never rotated', () => {
    const { rotated_at: _, ...never } = session();
    expect(judge(4, never)).toMatchObject(reused(4));
  });

  it.each([3, 2, 1])('is reuse for generation %i of 5, even within the grace window', (generation) => {
    expect(judge(generation, session({ rotated_at: NOW_MS }))).toMatchObject(reused(generation));
  });

  it.each([6, 7, 999_999_999])('is ahead, and no reuse, for generation %i of 5', (generation) => {
    expect(judge(generation, session())).toMatchObject(refused('refresh_token_ahead', { presented: generation, stored: 5 }));
  });
});

it('says for the log when what ended, and how long after the rotation an old token came', () => {
  expect(judge(3, session({ rotated_at: NOW_MS - 90_000 }))).toEqual(
    refused('refresh_token_reused', { presented: 3, stored: 5, graceSeconds: GRACE_SECONDS, secondsSinceRotation: 90 }),
  );
  expect(judge(5, session({ expires_at: NOW - 5 }))).toEqual(refused('session_expired', { endedAt: NOW - 5 }));
  expect(judge(5, session({ idle_expires_at: NOW - 5, last_used_at: NOW - 65 }))).toEqual(
    refused('session_idle', { endedAt: NOW - 5, lastUsedAt: NOW - 65 }),
  );
  expect(judge(5, session(), { epoch: 3 })).toEqual(refused('session_of_older_epoch', { sessionEpoch: 1, clientEpoch: 3 }));
});

describe('the session itself', () => {
  it('must exist', () => {
    expect(judge(5, undefined)).toMatchObject(refused('session_unknown'));
  });

  it('must not have been ended', () => {
    expect(judge(5, session({ status: 'ended' }))).toMatchObject(refused('session_ended'));
  });

  it('lasts until the second before its absolute end', () => {
    expect(judge(5, session({ expires_at: NOW + 1 }), { nowMs: NOW_MS + 999 })).toEqual(rotate);
    expect(judge(5, session({ expires_at: NOW + 1 }), { nowMs: NOW_MS + 1000 })).toMatchObject(refused('session_expired'));
    expect(judge(5, session({ expires_at: NOW }))).toMatchObject(refused('session_expired'));
  });

  it('lasts until the second before its idle end, for rotation and replay alike', () => {
    for (const [generation, way] of [
      [5, rotate],
      [4, replay],
    ] as const) {
      expect(judge(generation, session({ idle_expires_at: NOW + 1 }))).toEqual(way);
      expect(judge(generation, session({ idle_expires_at: NOW }))).toMatchObject(refused('session_idle'));
    }
  });

  it('must be of the epoch of its client, or later', () => {
    expect(judge(5, session({ epoch: 2 }), { epoch: 3 })).toMatchObject(refused('session_of_older_epoch'));
    expect(judge(5, session({ epoch: 3 }), { epoch: 3 })).toEqual(rotate);
    expect(judge(5, session({ epoch: 4 }), { epoch: 3 })).toEqual(rotate);
  });

  it('is judged in the order ended, expired, epoch, ahead, reused, idle', () => {
    const old: Partial<Session> = { expires_at: NOW, epoch: 0, idle_expires_at: NOW };
    const at = (members: Partial<Session>, generation: number) => {
      const verdict = judge(generation, session({ ...old, ...members }));
      return verdict.ok ? verdict.value : verdict.failure.reason;
    };
    expect(at({ status: 'ended' }, 9)).toBe('session_ended');
    expect(at({}, 9)).toBe('session_expired');
    expect(at({ expires_at: NOW + 1 }, 9)).toBe('session_of_older_epoch');
    expect(at({ expires_at: NOW + 1, epoch: 1 }, 9)).toBe('refresh_token_ahead');
    expect(at({ expires_at: NOW + 1, epoch: 1 }, 1)).toBe('refresh_token_reused');
    expect(at({ expires_at: NOW + 1, epoch: 1 }, 5)).toBe('session_idle');
  });
});

describe('what a refresh grants (RFC 6749 section 6)', () => {
  const ISSUER = 'https://issuer.example';
  const held = session({ scope: ['read', 'write'], audience: ISSUER, amr: ['client_secret', 'ip'], sid: 'the-session' });
  const decide = (parameters: Record<string, string> = {}, members: Partial<Client> = {}, stored = held, factors = ['client_secret']) =>
    refreshToken.decide(
      { client: clientRecord(members), credential: undefined, factors },
      stored,
      new Map(Object.entries(parameters)),
      ISSUER,
    );
  const value = (...given: Parameters<typeof decide>) => {
    const decision = decide(...given);
    return decision.ok ? decision.value : decision.failure;
  };

  it('names its grant type and the parameters that it reads', () => {
    expect(refreshToken).toMatchObject({ grantType: 'refresh_token', parameters: ['refresh_token', 'scope', 'resource'] });
  });

  it('is what the session was granted, within the session', () => {
    expect(value()).toEqual({
      client: clientRecord(),
      scope: ['read', 'write'],
      audience: ISSUER,
      amr: ['client_secret'],
      sid: 'the-session',
    });
  });

  it('is less when less is asked for, never more', () => {
    expect(value({ scope: 'write' })).toMatchObject({ scope: ['write'] });
    expect(value({ scope: 'read write admin' }, { scope: ['read', 'write', 'admin'] })).toMatchObject({
      reason: 'scope_not_allowed',
      scope: 'admin',
    });
    expect(value({ scope: ' ' })).toEqual({ reason: 'scope_malformed' });
  });

  it('loses what the client has lost since', () => {
    expect(value({}, { scope: ['write', 'other'] })).toMatchObject({ scope: ['write'] });
    expect(value({ scope: 'read' }, { scope: ['write'] })).toMatchObject({ reason: 'scope_not_allowed', scope: 'read' });
  });

  it('is refused when the client has lost all of it, but not for a session that never had any', () => {
    expect(value({}, { scope: ['other'] })).toMatchObject({ reason: 'scope_not_allowed', scope: 'read' });
    expect(value({}, { scope: [] }, session({ scope: [], audience: ISSUER }))).toMatchObject({ scope: [] });
  });

  it('stays with the audience of the session', () => {
    const members = { audiences: [ISSUER, 'https://other.example'] };
    expect(value({ resource: ISSUER }, members)).toMatchObject({ audience: ISSUER });
    expect(value({ resource: 'https://other.example' }, members)).toMatchObject({ reason: 'resource_not_allowed' });
    expect(value({ resource: 'nowhere' }, members)).toEqual({ reason: 'resource_malformed' });
  });

  it('is refused when the client has lost that audience since', () => {
    expect(value({}, { audiences: ['https://other.example'] })).toMatchObject({ reason: 'resource_not_allowed', resource: ISSUER });
  });

  it('carries the factors proven now, or those of the start when the token came alone', () => {
    expect(value({}, {}, held, ['client_secret'])).toMatchObject({ amr: ['client_secret'] });
    expect(value({}, {}, held, [])).toMatchObject({ amr: ['client_secret', 'ip'] });
  });
});
