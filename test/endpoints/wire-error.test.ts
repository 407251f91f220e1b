import { describe, expect, it } from 'vitest';
import { AUDIT_EVENT_TYPES } from '../../src/audit/event.ts';
import { wireErrors, type WireError } from '../../src/endpoints/wire-error.ts';

const errors: readonly (readonly [string, WireError])[] = Object.entries(wireErrors);

describe('what is said of a refusal', () => {
  it.each(errors)('%s keeps to RFC 6749 section 5.2', (_, { status, error, description, event }) => {
    expect([400, 401, 403, 404, 405, 409, 413, 415, 422, 429]).toContain(status);
    expect(error).toMatch(/^[a-z_]+$/);
    expect(description).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
    if (event !== undefined) expect(AUDIT_EVENT_TYPES).toContain(event);
  });

  it('has a challenge with every 401 (RFC 9110 section 15.5.2)', () => {
    for (const [reason, { status, challenge }] of errors) if (status === 401) expect(challenge, reason).toBeDefined();
  });

  it('tells no attacker why authentication or a refresh token failed', () => {
    const said = (error: string) =>
      new Set(errors.filter(([, wire]) => wire.error === error).map(([, { status, description }]) => `${status} ${description}`));
    expect(said('invalid_client').size).toBe(1);
    // One for refresh tokens, and one for assertions.
    expect(said('invalid_grant').size).toBe(2);
  });
});
