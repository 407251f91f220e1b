/**
 * iam-simulate drops condition keys whose name is completed behind a colon, `kms:EncryptionContext:<name>`; behind a slash it
 * completes them. So it is told of these under a name that it knows, in policies and request alike: they compare the same way.
 */
import type { JsonObject } from '../template/template.ts';

const UNKNOWN = 'kms:EncryptionContext:';
const KNOWN = 'aws:PrincipalTag/kms:EncryptionContext:';

export const knownContext = <T>(context: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(Object.entries(context).map(([name, value]) => [name.replace(UNKNOWN, KNOWN), value]));

/** Only names of members are changed: a value with this text would not be one. */
export const knownPolicy = (policy: JsonObject): JsonObject =>
  JSON.parse(JSON.stringify(policy).replaceAll(/"kms:EncryptionContext:([^"]+)":/g, `"${KNOWN}$1":`)) as JsonObject;
