import { KMSClient } from '@aws-sdk/client-kms';
import { describe, expect, it } from 'vitest';
import { createSigningRing } from '../../functions/signing.ts';
import type { SigningMode } from '../../functions/token/env.ts';
import type { Algorithm } from '../../src/tokens/algorithms.ts';

const keys = (name: string): ReadonlyMap<Algorithm, string> => new Map([['RS256', `arn:aws:kms:eu-west-1:1:key/${name}`]]);
const KMS_KEYS = keys('template');
const WRAPPING_KEY = keys('wraps');
const ringFor = (signing: SigningMode, former?: ReadonlyMap<Algorithm, string>) =>
  createSigningRing(
    { issuer: 'https://issuer.example', signing, signingKeys: signing === 'kms' ? KMS_KEYS : WRAPPING_KEY, formerSigningKeys: former },
    { kms: new KMSClient({ region: 'eu-west-1' }), records: { readAll: () => Promise.resolve([]), record: () => Promise.resolve() } },
  );

describe('the keys that the rotation never forgets', () => {
  it("are the template's, also those of the mode before: a revoked one comes back by no change of the mode", () => {
    const template = [...KMS_KEYS.values()];
    expect([...ringFor('kms').templateArns]).toEqual(template);
    expect([...ringFor('kms', WRAPPING_KEY).templateArns]).toEqual(template);
    expect([...ringFor('delegated', KMS_KEYS).templateArns]).toEqual(template);
    expect([...ringFor('delegated').templateArns]).toEqual([]);
  });
});
