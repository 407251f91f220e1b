// What Secrets Manager calls a rotation function with.
import { STEPS, type Rotation } from './rotate.ts';

export type RotationCall = Rotation & { readonly secretId: string };

/** Throws on anything else: nobody but Secrets Manager may call the function. */
export function readRotationEvent(event: unknown): RotationCall {
  const { SecretId: secretId, ClientRequestToken: versionId, Step: named } = (event ?? {}) as Readonly<Record<string, unknown>>;
  const step = STEPS.find((known) => known === named);
  if (typeof secretId !== 'string' || typeof versionId !== 'string' || step === undefined)
    throw new TypeError('the event is not that of a rotation');
  return { secretId, versionId, step };
}
