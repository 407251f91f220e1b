// The rotation of a client's secret, called by Secrets Manager in the consumer's account, once for each step.
import { createIssuer } from '../../src/consumer/issuer.ts';
import { rotate, type Done } from '../../src/consumer/rotate.ts';
import { readRotationEvent } from '../../src/consumer/rotation-event.ts';
import { createSecretVersions } from '../../src/consumer/secret-versions.ts';
import { createSecretsManager } from '../../src/signing/secrets-client.ts';
import { log } from '../../src/telemetry/log.ts';
import { scheduled } from '../scheduled.ts';
import { rotateClientSecretEnv } from './env.ts';

/** Fails where the step is not done; Secrets Manager then begins the rotation again, with the same version. */
export const handler = scheduled('rotate-client-secret', () => {
  const { issuer, clientId } = rotateClientSecretEnv(process.env);
  const secrets = createSecretsManager();
  const deps = { issuer: createIssuer(issuer), clientId };
  return async (event): Promise<Done> => {
    const { secretId, versionId, step } = readRotationEvent(event);
    const fields = { client_id: clientId, trace_id: versionId };
    const outcome = await rotate({ step, versionId }, { ...deps, versions: createSecretVersions({ secrets, secretId }) });
    if (outcome.ok) {
      log('INFO', 'a step of a rotation', { ...fields, detail: { step, outcome: outcome.value } });
      return outcome.value;
    }
    const { reason, ...detail } = outcome.failure;
    log('ERROR', 'a step of a rotation is refused', { ...fields, reason, detail: { step, ...detail } });
    throw new Error(`${step} is refused: ${reason}; the log says why`);
  };
});
