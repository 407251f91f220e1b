// The stand-ins' files: kms.json (private keys as JWKs by kid), kms-state.json (which key is whose), secrets.json.
import { createHash, createPrivateKey, generateKeyPair, type JsonWebKey, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { damaged, readPrivateJson, writePrivateJson } from '../data-files.ts';
import type { KeySpec } from '../template/state.ts';
import { isObject, TemplateError } from '../template/template.ts';
import { isKnownKeySpec } from './asymmetric-key.ts';

export type StoredKey = {
  readonly spec: KeySpec;
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly createdAt: number;
  /** Of a key that the service has made for itself. */
  readonly tags?: Readonly<Record<string, string>>;
  readonly description?: string;
  readonly pendingDeletion?: boolean;
};
type KeyRing = Readonly<Record<string, JsonWebKey>>;
/** By `<stack>/<logical id>`. */
type KeyState = Readonly<Record<string, { readonly kid: string; readonly key_spec: string; readonly created_at: number }>>;

export const isKeyRing = (value: unknown): value is KeyRing =>
  isObject(value) && Object.values(value).every((jwk) => isObject(jwk) && typeof jwk['kty'] === 'string');
const isKeyState = (value: unknown): value is KeyState =>
  isObject(value) && Object.values(value).every((state) => isObject(state) && typeof state['kid'] === 'string');

/** Loads the keys of the template and generates those that are new. A key that is no longer in the template stays in the file. */
export async function openKeys(
  dataDir: string,
  specs: readonly KeySpec[],
  activeKeyArn: string | undefined,
  initialized: boolean,
): Promise<readonly StoredKey[]> {
  const ringFile = join(dataDir, 'kms.json');
  const stateFile = join(dataDir, 'kms-state.json');
  const ring = readPrivateJson(ringFile, isKeyRing);
  const state = readPrivateJson(stateFile, isKeyState);
  if (initialized) refuseMissing(dataDir, { 'kms.json': ring, 'kms-state.json': state });
  const jwks = new Map(Object.entries(ring ?? {}));
  const states = new Map(Object.entries(state ?? {}));
  const keys: StoredKey[] = [];
  for (const spec of specs) {
    refuseUnknown(spec);
    const known = states.get(spec.id);
    // A changed key spec replaces the key, as CloudFormation would.
    if (known?.key_spec === spec.keySpec)
      keys.push({ spec, kid: known.kid, createdAt: known.created_at, privateKey: privateKeyFrom(dataDir, known.kid, jwks.get(known.kid)) });
    else {
      const { jwk, ...made } = await makeKey(spec);
      keys.push(made);
      jwks.set(made.kid, jwk);
      states.set(spec.id, { kid: made.kid, key_spec: spec.keySpec, created_at: made.createdAt });
    }
  }
  // Later on the key that signs moves to the front when it does.
  const active = initialized ? undefined : keys.find((key) => key.spec.arn === activeKeyArn)?.kid;
  const ordered = [...jwks].sort(([left], [right]) => Number(right === active) - Number(left === active));
  writeIfChanged(ringFile, ring, Object.fromEntries(ordered));
  writeIfChanged(stateFile, state, Object.fromEntries(states));
  return keys;
}

function refuseMissing(dataDir: string, files: Readonly<Record<string, unknown>>): void {
  for (const [name, content] of Object.entries(files)) if (content === undefined) throw damaged(dataDir, `${name} is missing`);
}

function refuseUnknown({ id, keySpec, keyUsage }: KeySpec): void {
  if (keyUsage !== 'SIGN_VERIFY' || !isKnownKeySpec(keySpec))
    throw new TemplateError('the KMS key', id, `is ${keySpec} for ${keyUsage}, which the local KMS does not know`);
}

async function makeKey(spec: KeySpec): Promise<StoredKey & { readonly jwk: JsonWebKey }> {
  const privateKey = await generate(spec.keySpec);
  const jwk = privateKey.export({ format: 'jwk' });
  return { spec, kid: thumbprint(jwk), privateKey, createdAt: Math.floor(Date.now() / 1000), jwk };
}

function writeIfChanged(file: string, before: unknown, after: unknown): void {
  if (JSON.stringify(before) !== JSON.stringify(after)) writePrivateJson(file, after);
}

function privateKeyFrom(dataDir: string, kid: string, jwk: JsonWebKey | undefined): KeyObject {
  try {
    if (jwk && thumbprint(jwk) === kid) return createPrivateKey({ key: jwk, format: 'jwk' });
  } catch {
    // Reported below, as a key that is not there.
  }
  throw damaged(dataDir, `kms.json does not hold the key ${kid}`);
}

/** RFC 7638 section 3: SHA-256 over the required members in lexicographic order. */
export function thumbprint({ crv, e, kty, n, x, y }: JsonWebKey): string {
  const members = kty === 'RSA' ? { e, kty, n } : kty === 'EC' ? { crv, kty, x, y } : { crv, kty, x };
  return createHash('sha256').update(JSON.stringify(members)).digest('base64url');
}

export function generate(keySpec: string): Promise<KeyObject> {
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, _: KeyObject, privateKey: KeyObject): void => {
      if (error) reject(error);
      else resolve(privateKey);
    };
    if (keySpec === 'ECC_NIST_P256') generateKeyPair('ec', { namedCurve: 'P-256' }, done);
    else if (keySpec === 'ECC_NIST_EDWARDS25519') generateKeyPair('ed25519', undefined, done);
    else generateKeyPair('rsa', { modulusLength: Number(keySpec.slice('RSA_'.length)) }, done);
  });
}
