// An assertion when the table fails: never taken without having been spent, and not spent by what failed before.
import { SignCommand } from '@aws-sdk/client-kms';
import { describe, expect, it } from 'vitest';
import { assertionForm, signedAssertion } from '../endpoints/assertions.ts';
import type { Answer } from '../endpoints/request.ts';
import { ISSUER } from '../endpoints/service-under-test.ts';
import { testKey } from '../tokens/test-issuer.ts';
import type { WireFault } from './dynamodb-wire.ts';
import { useServiceWithFaults } from './every-call.ts';

const { service, wire } = useServiceWithFaults();
const key = testKey('ES256');
const SPENDING = 'PutItem ONCE';

async function newAssertion(): Promise<string> {
  const client = await service.register({ token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [key.jwk] } });
  service.coldStart();
  return signedAssertion(key, { clientId: client.client_id, issuer: ISSUER, now: service.now() });
}
const ask = (assertion: string, to = 'POST /token'): Promise<Answer> =>
  service.send({ to, form: { grant_type: 'client_credentials', token: 'x', ...assertionForm(assertion) } });

describe('the one-time store', () => {
  it.each<WireFault>(['throttled', 'access denied', 'internal error', 'connection reset', 'answer lost', 'no answer'])(
    'that fails (%s) lets nobody in, at any endpoint',
    async (fault) => {
      for (const to of ['POST /token', 'POST /introspect', 'POST /revoke']) {
        const assertion = await newAssertion();
        wire().fail({ call: SPENDING, fault });
        const answer = await ask(assertion, to);
        wire().heal();
        expect(answer, `${to} ${answer.text}`).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
        expect(answer.text).not.toContain('access_token');
      }
    },
    60_000,
  );

  it.each<WireFault>(['throttled', 'access denied', 'internal error', 'connection reset'])(
    'that did nothing (%s) has spent nothing: the same assertion serves later',
    async (fault) => {
      const assertion = await newAssertion();
      wire().fail({ call: SPENDING, fault });
      expect((await ask(assertion)).status).toBe(503);
      wire().heal();
      expect((await ask(assertion)).status).toBe(200);
      expect((await ask(assertion)).status).toBe(401);
    },
  );

  it('whose answer is lost once is asked again, and knows its own write', async () => {
    const assertion = await newAssertion();
    wire().fail({ call: SPENDING, fault: 'answer lost', times: 1 });
    expect((await ask(assertion)).status).toBe(200);
    expect((await ask(assertion)).status).toBe(401);
  });

  it('that says no for no reason is believed', async () => {
    const assertion = await newAssertion();
    wire().fail({ call: SPENDING, fault: 'condition failed' });
    expect((await ask(assertion)).status).toBe(401);
  });
});

it('a read that fails before has spent nothing', async () => {
  const assertion = await newAssertion();
  wire().fail({ call: 'BatchGetItem', fault: 'internal error' });
  expect((await ask(assertion)).status).toBe(503);
  wire().heal();
  expect((await ask(assertion)).status).toBe(200);
});

it('a signature that fails afterwards has cost the assertion: the client signs a new one', async () => {
  const assertion = await newAssertion();
  service.aws.kms.on(SignCommand).rejects(Object.assign(new Error('planted'), { name: 'ThrottlingException' }));
  expect((await ask(assertion)).status).toBe(503);
  service.aws.heal();
  expect((await ask(assertion)).status).toBe(401);
});
