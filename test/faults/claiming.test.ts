import { expect } from 'vitest';
import { runUpkeep } from '../endpoints/upkeep-run.ts';
import { describeEveryCall, useServiceWithFaults } from './every-call.ts';

const faulty = useServiceWithFaults();
const { service } = faulty;

describeEveryCall(faulty, [
  {
    name: 'taking the successor of a secret',
    statusesOfFailedCondition: [409],
    async prepare() {
      const client = await service.register({ secret_rotation: { every_days: 1 } });
      service.advance(24 * 3600);
      await runUpkeep(service);
      return {
        sent: { to: `POST /clients/${client.client_id}/secrets/rotation`, basic: client },
        status: 201,
        async verify({ body }) {
          const basic = { ...client, client_secret: body.client_secret as string };
          const { secrets } = (await service.engine.item({ PK: `CLIENT#${client.client_id}`, SK: 'CLIENT' })) as { secrets: object[] };
          expect(secrets).toHaveLength(2);
          for (const each of [client, basic])
            expect((await service.send({ to: 'POST /token', basic: each, form: { grant_type: 'client_credentials' } })).status).toBe(200);
        },
      };
    },
  },
]);
