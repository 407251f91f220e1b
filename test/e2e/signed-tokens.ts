// Tokens that the service would never issue, signed with its own key (kms.json, DESIGN 3.2) or with another.
import { createSign, generateKeyPairSync, createPrivateKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decoded } from './endpoints.ts';
import type { Reachable } from './service-process.ts';

type Members = Readonly<Record<string, unknown>>;

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const rs256 = (input: string, key: KeyObject): string => `${input}.${createSign('sha256').update(input).sign(key).toString('base64url')}`;

/** The service's default key: the first of kms.json. */
export function serviceKey({ dataDir }: Pick<Reachable, 'dataDir'>): {
  readonly kid: string;
  readonly jwk: JsonWebKey;
  readonly key: KeyObject;
} {
  const [[kid, jwk] = ['', {}]] = Object.entries(JSON.parse(readFileSync(join(dataDir, 'kms.json'), 'utf8')) as Record<string, JsonWebKey>);
  return { kid, jwk, key: createPrivateKey({ key: jwk, format: 'jwk' }) };
}

/** A token as `genuine`, with other members, properly signed by the service's own key. Undefined members are left out. */
export function resigned(service: Pick<Reachable, 'dataDir'>, genuine: string, changes: { header?: Members; claims?: Members }): string {
  const { header, claims } = decoded(genuine);
  return rs256(`${part({ ...header, ...changes.header })}.${part({ ...claims, ...changes.claims })}`, serviceKey(service).key);
}

const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 });
/** The same text under a key that is not the service's. */
export const forged = (genuine: string, changes: { header?: Members; claims?: Members } = {}): string => {
  const { header, claims } = decoded(genuine);
  return rs256(`${part({ ...header, ...changes.header })}.${part({ ...claims, ...changes.claims })}`, stranger.privateKey);
};
export const strangersJwk = (): JsonWebKey => stranger.publicKey.export({ format: 'jwk' });

/** Header and claims with any text for a signature. */
export const withSignature = (header: Members, claims: Members, signature: string): string =>
  `${part(header)}.${part(claims)}.${signature}`;
