// Wycheproof's vectors (https://github.com/C2SP/wycheproof), where they lie beside the project; the tests that need them are left out elsewhere.
import { existsSync, readFileSync } from 'node:fs';

export type WycheproofTest = {
  readonly tcId: number;
  readonly comment: string;
  readonly result: 'valid' | 'invalid' | 'acceptable';
  readonly flags: readonly string[];
} & Readonly<Record<string, unknown>>;
export type WycheproofGroup = { readonly tests: readonly WycheproofTest[] } & Readonly<Record<string, unknown>>;

export function wycheproof(name: string): { readonly testGroups: readonly WycheproofGroup[] } | undefined {
  const file = new URL(`../../../shared/vectors/wycheproof_${name}_test.json`, import.meta.url);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { testGroups: readonly WycheproofGroup[] }) : undefined;
}
