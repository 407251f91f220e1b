// DPoP proofs when the table fails: never taken without having been spent, at the endpoints and at the authorizer that asks the table.
import { SignCommand } from '@aws-sdk/client-kms';
import { describe, expect, it } from 'vitest';
import type { Answer } from '../endpoints/request.ts';
import { ISSUER, type Registered } from '../endpoints/service-under-test.ts';
import { dpopProof, proofKey } from '../tokens/test-proof.ts';
import type { WireFault } from './dynamodb-wire.ts';
import { useServiceWithFaults } from './every-call.ts';

const { service, wire } = useServiceWithFaults();
const key = proofKey();
const SPENDING = 'PutItem ONCE';
const proof = (to: string, token?: string): string => dpopProof(key, to.replace(' ', ` ${ISSUER}`), service.now(), token);
const BOTH = { grant_types: ['client_credentials', 'refresh_token'] };
const ask = (client: Registered, form: Readonly<Record<string, string>>, dpop = proof('POST /token')): Promise<Answer> =>
  service.send({ to: 'POST /token', form, basic: client, headers: { dpop } });
const grant = { grant_type: 'client_credentials' };
const FAULTS: readonly WireFault[] = ['throttled', 'access denied', 'internal error', 'connection reset', 'answer lost', 'no answer'];
const OUTAGE = { status: 503, headers: { 'retry-after': '1' } };

describe('the one-time store', () => {
  it.each(FAULTS)(
    'that fails (%s) gives no token, begins no session and uses up no refresh token',
    async (fault) => {
      const client = await service.register(BOTH);
      const { refresh_token } = (await ask(client, grant)).body;
      for (const form of [grant, { grant_type: 'refresh_token', refresh_token }]) {
        wire().fail({ call: SPENDING, fault });
        const answer = await ask(client, form);
        wire().heal();
        expect(answer, answer.text).toMatchObject(OUTAGE);
        expect(answer.text).not.toContain('token"');
      }
      const sessions = (await service.engine.items()).filter(
        ({ PK, SK }) => PK === `CLIENT#${client.client_id}` && String(SK).startsWith('SESSION#'),
      );
      expect(sessions).toHaveLength(1);
      expect((await ask(client, { grant_type: 'refresh_token', refresh_token })).status).toBe(200);
    },
    60_000,
  );

  it.each(FAULTS)(
    'that fails (%s) lets nobody see sessions',
    async (fault) => {
      const { access_token: token } = (await ask(await service.register(), grant)).body;
      const headers = { authorization: `DPoP ${token}`, dpop: proof('GET /sessions', token) };
      wire().fail({ call: SPENDING, fault });
      expect(await service.send({ to: 'GET /sessions', headers })).toMatchObject(OUTAGE);
    },
    60_000,
  );

  it('whose answer is lost once is asked again, and knows its own write', async () => {
    const client = await service.register();
    const dpop = proof('POST /token');
    wire().fail({ call: SPENDING, fault: 'answer lost', times: 1 });
    expect((await ask(client, grant, dpop)).status).toBe(200);
    wire().heal();
    expect((await ask(client, grant, dpop)).body.error).toBe('invalid_dpop_proof');
  });

  it('that says no for no reason is believed', async () => {
    wire().fail({ call: SPENDING, fault: 'condition failed' });
    expect((await ask(await service.register(), grant)).body.error).toBe('invalid_dpop_proof');
  });
});

it('a signature that fails beside it gives no token, and a new proof does', async () => {
  const client = await service.register(BOTH);
  service.aws.kms.on(SignCommand).rejects(Object.assign(new Error('down'), { name: 'KMSInternalException' }));
  expect((await ask(client, grant)).status).toBe(503);
  service.aws.heal();
  expect((await ask(client, grant)).status).toBe(200);
});
