// The symmetric keys of the local KMS: kms-symmetric.json, for the owner alone.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { damaged, readPrivateJson, writePrivateJson } from '../data-files.ts';
import type { KeySpec } from '../template/state.ts';
import { isObject } from '../template/template.ts';

export type WrappingKey = { readonly spec: KeySpec; readonly material: Buffer };
/** By `<stack>/<logical id>`: base64url of 32 bytes. */
type Materials = Readonly<Record<string, string>>;

const KEY_BYTES = 32;
const isMaterials = (value: unknown): value is Materials =>
  isObject(value) && Object.values(value as object).every((text) => typeof text === 'string');

export const isSymmetric = ({ keySpec, keyUsage }: KeySpec): boolean => keySpec === 'SYMMETRIC_DEFAULT' && keyUsage === 'ENCRYPT_DECRYPT';

/** Generates what is new. A key that is no longer in the template stays in the file. */
export function openWrappingKeys(dataDir: string, specs: readonly KeySpec[]): readonly WrappingKey[] {
  if (specs.length === 0) return [];
  const file = join(dataDir, 'kms-symmetric.json');
  const before = readPrivateJson(file, isMaterials);
  const all: Record<string, string> = { ...before };
  const keys = specs.map((spec) => {
    const material = Buffer.from((all[spec.id] ??= randomBytes(KEY_BYTES).toString('base64url')), 'base64url');
    if (material.length !== KEY_BYTES) throw damaged(dataDir, `kms-symmetric.json does not hold the key ${spec.id}`);
    return { spec, material };
  });
  if (JSON.stringify(all) !== JSON.stringify(before)) writePrivateJson(file, all);
  return keys;
}
