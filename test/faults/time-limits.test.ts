// Dependencies that do not answer: ours comes all the same, by the SDK's limits or by our own deadline.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SignCommand } from '@aws-sdk/client-kms';
import { useService } from '../endpoints/service-under-test.ts';
import { startWire, type Wire } from './dynamodb-wire.ts';

const service = useService({ patient: false });
let wire: Wire;
beforeAll(async () => {
  wire = await startWire();
});
afterAll(() => wire.close());

const unavailable = { status: 503, body: { error: 'temporarily_unavailable' }, headers: { 'retry-after': '1' } };

describe('a dependency that does not answer', () => {
  const GRANT = { grant_type: 'client_credentials' };

  it('is a 503, burns no refresh token, and the same request afterwards succeeds: the table, by the limits of the SDK', async () => {
    const client = await service.register({ grant_types: ['client_credentials', 'refresh_token'] });
    const { refresh_token } = (await service.send({ to: 'POST /token', basic: client, form: GRANT })).body as { refresh_token: string };
    const refresh = { to: 'POST /refresh', basic: client, form: { refresh_token } };
    wire.fail({ call: 'UpdateItem CLIENT', fault: 'no answer' });
    expect(await service.send(refresh)).toMatchObject(unavailable);
    wire.heal();
    const again = await service.send(refresh);
    expect(again.status).toBe(200);
    expect((again.body.refresh_token as string).split('.')[2]).toBe('2');
  });

  it('is a 503, and the same request afterwards succeeds: KMS, by our own deadline', async () => {
    const sent = { to: 'POST /token', basic: await service.register(), form: GRANT };
    service.aws.kms.on(SignCommand).callsFake(() => new Promise(() => undefined));
    expect(await service.send(sent)).toMatchObject(unavailable);
    expect(service.log.lines()).toContainEqual(expect.objectContaining({ level: 'ERROR', dependency: 'deadline' }));
    service.aws.heal();
    expect((await service.send(sent)).status).toBe(200);
  });
});
