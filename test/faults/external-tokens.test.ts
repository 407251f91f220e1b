import { externalIssuer } from '../endpoints/external-issuers.ts';
import { ISSUER, type Service } from '../endpoints/service-under-test.ts';
import { describeEveryCall, useServiceWithFaults, type Attempt } from './every-call.ts';

const faulty = useServiceWithFaults();
const ADMIN = 'arn:aws:sts::111122223333:assumed-role/ops/alice';
const external = externalIssuer('https://kubernetes.example.com');

const ruleFor = (client_id: string, subject: string, terms: object) => ({
  issuer: external.url,
  kind: 'kubernetes',
  jwks: external.jwks,
  client_id,
  conditions: [{ claim: 'sub', equals: subject }],
  ...terms,
});

async function atToken(service: Service, terms: object): Promise<Attempt> {
  const { client_id } = await service.register({ scope: 'read' });
  const sub = `system:serviceaccount:payments:${client_id.toLowerCase().replaceAll('_', '-')}`;
  await service.send({ to: 'POST /iam/trust-rules', userArn: ADMIN, json: ruleFor(client_id, sub, terms) });
  const now = service.now();
  const assertion = external.token({ sub, aud: ISSUER, iat: now, exp: now + 600, jti: client_id });
  const form = { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion };
  return { sent: { to: 'POST /token', form }, status: 200 };
}

describeEveryCall(faulty, [
  { name: 'a token for an external one', prepare: (service) => atToken(service, {}) },
  {
    name: 'a token for an external one that serves once',
    prepare: (service) => atToken(service, { single_use: true }),
    statusesOfFailedCondition: [400],
    // Only where its using up was the call whose answer was lost.
    statusOfRepeat: 400,
  },
  {
    name: 'a new trust rule',
    async prepare(service) {
      const { client_id } = await service.register({ scope: 'read' });
      const json = ruleFor(client_id, 'system:serviceaccount:payments:billing', {});
      return { sent: { to: 'POST /iam/trust-rules', userArn: ADMIN, json }, status: 201 };
    },
  },
  {
    name: 'a trust rule that is removed',
    async prepare(service) {
      const { client_id } = await service.register({ scope: 'read' });
      const json = ruleFor(client_id, 'system:serviceaccount:payments:billing', {});
      const { body } = await service.send({ to: 'POST /iam/trust-rules', userArn: ADMIN, json });
      return { sent: { to: `DELETE /iam/trust-rules/${body.id as string}`, userArn: ADMIN }, status: 204 };
    },
    statusesOfFailedCondition: [404],
  },
]);
