import { describe, expect, it } from 'vitest';
import { authenticateByPrincipal } from '../../src/client-authentication/authenticate.ts';
import { isAdministrator, isOneOfRoles, roleOfArn, roleOfCaller, withoutSession } from '../../src/client-authentication/iam-principal.ts';
import { presentedPrincipal } from '../../src/client-authentication/presented.ts';
import { client, NOW } from '../storage/records.ts';

const ROLE = 'arn:aws:iam::111122223333:role/billing';
const CALLER = 'arn:aws:sts::111122223333:assumed-role/billing/i-0123';

describe('a role is told by partition, account and name', () => {
  it.each([
    [ROLE, 'billing'],
    ['arn:aws:iam::111122223333:role/service-role/eu/billing', 'billing'],
    ['arn:aws-us-gov:iam::111122223333:role/a+b=c,d.e@f_g-h', 'a+b=c,d.e@f_g-h'],
  ])('of %s', (arn, name) => {
    expect(roleOfArn(arn)).toMatchObject({ account: '111122223333', name });
  });
  it.each([
    '',
    '*',
    'billing',
    'arn:aws:iam::111122223333:role/',
    'arn:aws:iam::111122223333:role/bill*',
    'arn:aws:iam::*:role/billing',
    'arn:aws:iam::1111222233334:role/billing',
    'arn:aws:iam::111122223333:role/billing/',
    'arn:aws:iam::111122223333:role//billing\n',
    'arn:aws:iam::111122223333:user/billing',
    'arn:aws:sts::111122223333:assumed-role/billing/session',
    ` ${ROLE}`,
    `arn:aws:iam::111122223333:role/${'x'.repeat(65)}`,
  ])('none of %j', (arn) => {
    expect(roleOfArn(arn)).toBeUndefined();
  });
  it.each([
    'arn:aws:iam::111122223333:role/billing',
    'arn:aws:iam::111122223333:user/billing',
    'arn:aws:iam::111122223333:root',
    'arn:aws:sts::111122223333:federated-user/billing',
    'arn:aws:sts::111122223333:assumed-role/billing',
    'arn:aws:sts::111122223333:assumed-role/path/billing/session',
    'arn:aws:sts::111122223333:assumed-role//session',
    `${CALLER}\n`,
  ])('the caller %j is no role at work', (arn) => {
    expect(roleOfCaller(arn)).toBeUndefined();
  });
});

describe('the caller is one of the roles', () => {
  it('by account and name, whatever its session and its path', () => {
    expect(isOneOfRoles(CALLER, ['arn:aws:iam::111122223333:role/other', ROLE])).toBe(true);
    expect(isOneOfRoles(CALLER, ['arn:aws:iam::111122223333:role/service-role/billing'])).toBe(true);
  });
  it.each([
    ['another account', 'arn:aws:sts::111122223334:assumed-role/billing/i-0123'],
    ['another partition', 'arn:aws-cn:sts::111122223333:assumed-role/billing/i-0123'],
    ['a longer name', 'arn:aws:sts::111122223333:assumed-role/billing-admin/i-0123'],
    ['a shorter name', 'arn:aws:sts::111122223333:assumed-role/billin/i-0123'],
    ['another case', 'arn:aws:sts::111122223333:assumed-role/Billing/i-0123'],
    ['the name as a session', 'arn:aws:sts::111122223333:assumed-role/other/billing'],
    ['the whole ARN as a session', `arn:aws:sts::111122223333:assumed-role/other/${ROLE}`],
    ['a user of the name', 'arn:aws:iam::111122223333:user/billing'],
    ['nobody', ''],
  ])('but not %s', (_, caller) => {
    expect(isOneOfRoles(caller, [ROLE])).toBe(false);
  });
});

it('a caller without its session is the same in every session, and nobody else', () => {
  expect(withoutSession(CALLER)).toBe('arn:aws:sts::111122223333:assumed-role/billing');
  for (const other of ['arn:aws:iam::111122223333:user/a/b', 'c_1', '']) expect(withoutSession(other)).toBe(other);
});

describe('administrators', () => {
  const USER = 'arn:aws:iam::111122223333:user/ops/alice';
  it('are everyone whom IAM lets in where none are listed, but never nobody', () => {
    expect(isAdministrator(CALLER, undefined)).toBe(true);
    expect(isAdministrator(USER, undefined)).toBe(true);
    expect(isAdministrator('', undefined)).toBe(false);
  });
  it('are the roles and users listed, and nobody else', () => {
    expect(isAdministrator(CALLER, [ROLE])).toBe(true);
    expect(isAdministrator(USER, [USER])).toBe(true);
    expect(isAdministrator(USER, [ROLE])).toBe(false);
    expect(isAdministrator('arn:aws:iam::111122223333:user/alice', [USER])).toBe(false);
    expect(isAdministrator(CALLER, [USER])).toBe(false);
    // Text that is listed by mistake opens nothing.
    expect(isAdministrator(CALLER, [CALLER])).toBe(false);
  });
});

describe('what the caller presents', () => {
  const present = (parameters: Record<string, string>, headers: Record<string, string> = {}, userArn = CALLER) =>
    presentedPrincipal(userArn, { headers: new Map(Object.entries(headers)), parameters: new Map(Object.entries(parameters)) });
  it('is its principal, with the client that it acts as', () => {
    expect(present({ client_id: 'c' })).toEqual({ ok: true, value: { clientId: 'c', method: 'iam', userArn: CALLER } });
  });
  it.each([
    ['client_id_missing', {}, {}],
    ['credentials_malformed', { client_id: 'a#b' }, {}],
    ['several_methods', { client_id: 'c', client_secret: 's' }, {}],
    ['several_methods', { client_id: 'c' }, { 'x-client-secret': 's' }],
  ])('%s', (reason, parameters, headers) => {
    expect(present(parameters, headers)).toMatchObject({ ok: false, failure: { reason } });
  });
  it('is nothing where the gateway names nobody', () => {
    expect(present({ client_id: 'c' }, {}, '')).toMatchObject({ ok: false, failure: { reason: 'principal_missing' } });
  });
});

describe('the client that names the role', () => {
  const presented = { clientId: 'c', method: 'iam', userArn: CALLER } as const;
  const named = client({ client_id: 'c', iam_principals: [ROLE] });
  const context = { client: named, ip: '203.0.113.7', now: NOW };
  it('is authenticated, with the factor', () => {
    expect(authenticateByPrincipal(presented, context)).toMatchObject({ ok: true, value: { credential: undefined, factors: ['iam'] } });
    const limited = { ...named, ip_ranges: ['203.0.113.0/24'] };
    expect(authenticateByPrincipal(presented, { ...context, client: limited })).toMatchObject({ value: { factors: ['iam', 'ip'] } });
  });
  it.each([
    ['unknown_client', undefined],
    ['principal_mismatch', client({ client_id: 'c' })],
    ['principal_mismatch', client({ client_id: 'c', iam_principals: [] })],
    ['client_disabled', { ...named, disabled: true }],
    ['client_expired', { ...named, client_expires_at: NOW }],
    ['network_not_allowed', { ...named, ip_ranges: ['198.51.100.0/24'] }],
  ])('%s', (reason, changed) => {
    expect(authenticateByPrincipal(presented, { ...context, client: changed })).toMatchObject({ ok: false, failure: { reason } });
  });
});
