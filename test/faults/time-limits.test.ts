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
  it('is a 503, burns no refresh token, and the same request afterwards succeeds', async () => {
    const client = await service.register({ grant_types: ['client_credentials', 'refresh_token'] });
    const start = { to: 'POST /token', basic: client, form: { grant_type: 'client_credentials' } };
    const { refresh_token } = (await service.send(start)).body as { refresh_token: string };
    const refresh = { to: 'POST /refresh', basic: client, form: { refresh_token } };

    // All at once, since each takes as long as the limits say.
    service.aws.kms.on(SignCommand).callsFake(() => new Promise(() => undefined));
    const signing = service.send(start);
    service.aws.heal();
    wire.fail({ call: 'UpdateItem CLIENT', fault: 'no answer' });
    const committing = service.send(refresh);
    expect(await Promise.all([signing, committing])).toMatchObject([{}, unavailable]);
    wire.heal();

    const again = await service.send(refresh);
    expect(again.status).toBe(200);
    expect((again.body.refresh_token as string).split('.')[2]).toBe('2');
  });
});
