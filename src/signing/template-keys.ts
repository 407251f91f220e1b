// The KMS keys that came with the template: their public halves, asked for once in the life of a key and then recorded.
import { createPublicKey } from 'node:crypto';
import { GetPublicKeyCommand, type KMSClient } from '@aws-sdk/client-kms';
import { ConfigurationError } from '../environment.ts';
import { Outage } from '../outage.ts';
import { sdkCall } from '../sdk-calls.ts';
import type { Algorithm } from '../tokens/algorithms.ts';
import { importVerificationKey, jwkThumbprint, publicMembers } from '../tokens/jwk.ts';

export type PublicKey = { readonly kid: string; readonly jwk: Readonly<Record<string, string>> };
export type TemplateKeys = {
  /** Algorithm -> key ARN, as SIGNING_KEYS says. */
  readonly arns: ReadonlyMap<Algorithm, string>;
  /** One KMS GetPublicKey. */
  publicKey(algorithm: Algorithm, arn: string): Promise<PublicKey>;
};

export function createTemplateKeys({ kms, arns }: { kms: KMSClient; arns: ReadonlyMap<Algorithm, string> }): TemplateKeys {
  return {
    arns,
    async publicKey(algorithm, arn) {
      const spki = await subjectPublicKeyInfo(kms, arn);
      const jwk = publicMembers(createPublicKey({ key: spki, format: 'der', type: 'spki' }).export({ format: 'jwk' }));
      const kid = jwk === undefined ? undefined : jwkThumbprint(jwk);
      if (jwk === undefined || kid === undefined || !importVerificationKey({ ...jwk, kid, alg: algorithm }).ok)
        throw new ConfigurationError('SIGNING_KEYS', `names a key for ${algorithm} that cannot sign it`);
      return { kid, jwk };
    },
  };
}

async function subjectPublicKeyInfo(kms: KMSClient, arn: string): Promise<Buffer> {
  const answer = await sdkCall('kms:GetPublicKey', () => kms.send(new GetPublicKeyCommand({ KeyId: arn })));
  // An alias or another form of the id would answer with another id: what signs must be named by the key's own ARN.
  if (answer.KeyId !== arn) throw new ConfigurationError('SIGNING_KEYS', 'must name keys by their ARN');
  if (answer.PublicKey === undefined) throw new Outage('kms:GetPublicKey');
  return Buffer.from(answer.PublicKey);
}
