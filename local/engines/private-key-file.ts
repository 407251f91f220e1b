// kms.json as it is changed while the service runs: private keys as JWKs by `kid`, the one that signs first.
import type { JsonWebKey } from 'node:crypto';
import { join } from 'node:path';
import { readPrivateJson, writePrivateJson } from '../data-files.ts';
import { signingAlgorithms } from './asymmetric-key.ts';
import { isKeyRing, thumbprint, type StoredKey } from './key-files.ts';

export type PrivateKeyFile = {
  /** @param kid under which tokens name it; absent = its thumbprint. */
  add(jwk: JsonWebKey, kid?: string): void;
  moveToFront(kid: string): void;
};

export function openPrivateKeyFile(dataDir: string): PrivateKeyFile {
  const file = join(dataDir, 'kms.json');
  const change = (changed: (entries: readonly [string, JsonWebKey][]) => readonly [string, JsonWebKey][]): void => {
    const before = Object.entries(readPrivateJson(file, isKeyRing) ?? {});
    const after = changed(before);
    if (JSON.stringify(after) !== JSON.stringify(before)) writePrivateJson(file, Object.fromEntries(after));
  };
  return {
    add: (jwk, kid = thumbprint(jwk)) => {
      change((entries) => [...entries.filter(([known]) => known !== kid), [kid, jwk]]);
    },
    moveToFront: (kid) => {
      change((entries) => [...entries.filter(([known]) => known === kid), ...entries.filter(([known]) => known !== kid)]);
    },
  };
}

/** Keeps the key that signs by default in front: the template's says with which algorithm that is, and its successors sign with the same. */
export function signingKeyFirst(
  templateKeys: readonly StoredKey[],
  activeKeyArn: string | undefined,
  file: PrivateKeyFile,
): (key: StoredKey, algorithm: unknown) => void {
  const template = templateKeys.find(({ spec }) => spec.arn === activeKeyArn);
  let usual: unknown = template && signingAlgorithms(template.spec.keySpec)[0];
  let first: string | undefined;
  return (key, algorithm) => {
    if (key === template) usual = algorithm;
    if (key.kid === first || algorithm !== usual || (key !== template && key.tags === undefined)) return;
    first = key.kid;
    file.moveToFront(key.kid);
  };
}
