import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { layerViolations } from '../../bin/check/layers.ts';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'm2m-auth-layers-'));
  copyFileSync('package.json', join(root, 'package.json'));
  symlinkSync(resolve('node_modules'), join(root, 'node_modules'));
  plant('functions/token/handler.ts', "import { token } from '../../src/endpoints/token.ts';\nexport const handler = token;\n");
  plant('src/endpoints/token.ts', "import { scope } from '../tokens/scope.ts';\nexport const token = scope;\n");
  plant(
    'src/endpoints/stores.ts',
    "import type { Scope } from '../tokens/scope.ts';\nexport type Store = Scope;\nexport const PORT = 1;\n",
  );
  plant(
    'src/tokens/scope.ts',
    "import { createHash } from 'node:crypto';\nexport type Scope = string;\nexport const scope = createHash;\n",
  );
  plant('src/storage/store.ts', "import type { Store } from '../endpoints/stores.ts';\nexport type Own = Store;\n");
  plant('src/signing/signer.ts', "import type { Store } from '../endpoints/stores.ts';\nexport type Own = Store;\n");
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const plant = (path: string, text: string): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
};

it('a tree that keeps the layers is clean', async () => {
  expect(await layerViolations(root)).toEqual([]);
});

describe('a planted violation fails', () => {
  it.each([
    ['pure-stays-pure', 'src/tokens/bad.ts', "export { token } from '../endpoints/token.ts';"],
    ['pure-no-packages', 'src/grants/bad.ts', "export { readFileSync } from 'node:fs';"],
    ['pure-no-packages', 'src/tokens/bad.ts', "export { KMSClient } from '@aws-sdk/client-kms';"],
    ['decide-is-pure', 'src/authorizer/decide.ts', "export { readFileSync } from 'node:fs';"],
    ['decide-is-pure', 'src/authorizer/decide.ts', "export type { Own } from '../storage/store.ts';"],
    ['shapes-know-no-endpoint', 'src/http/message.ts', "export { token } from '../endpoints/token.ts';"],
    ['shared-wiring-knows-no-handler', 'functions/issuing.ts', "export { handler } from './token/handler.ts';"],
    ['endpoints-decide', 'src/endpoints/bad.ts', "export type { Own } from '../storage/store.ts';"],
    ['storage-alone', 'src/storage/bad.ts', "export type { Own } from '../signing/signer.ts';"],
    ['signing-alone', 'src/signing/bad.ts', "export type { Own } from '../storage/store.ts';"],
    ['outbound-alone', 'src/outbound/bad.ts', "export type { Own } from '../storage/store.ts';"],
    ['ports-as-types', 'src/storage/bad.ts', "export { PORT } from '../endpoints/stores.ts';"],
    ['http-alone', 'src/http/bad.ts', "export type { Own } from '../storage/store.ts';"],
    ['src-knows-no-edge', 'src/endpoints/bad.ts', "export { handler } from '../../functions/token/handler.ts';"],
    ['functions-apart', 'functions/revoke/handler.ts', "export { handler } from '../token/handler.ts';"],
    ['env-builds-on-env', 'functions/revoke/env.ts', "export { handler } from '../token/handler.ts';"],
    ['lib-mirrors-functions', 'lib/bad.ts', "export { token } from '../src/endpoints/token.ts';"],
    ['cli-talks-http', 'bin/m2m/bad.ts', "export { token } from '../../src/endpoints/token.ts';"],
    ['no-one-imports-tests', 'src/endpoints/bad.ts', "export { anything } from '../../test/anything.ts';"],
    ['sdk-behind-ports', 'src/endpoints/bad.ts', "export { KMSClient } from '@aws-sdk/client-kms';"],
    ['cdk-in-lib', 'src/storage/bad.ts', "export { Construct } from 'constructs';"],
    ['feed-authorizer-without-sdk', 'functions/authorizer/feed.ts', "export type { Own } from '../../src/storage/store.ts';"],
    ['deployed-needs-dependencies', 'src/http/bad.ts', "export { build } from 'esbuild';"],
    ['no-cycles', 'src/tokens/resource.ts', "export { resource } from './resource-list.ts';"],
    ['resolvable', 'src/tokens/bad.ts', "export { nothing } from './nothing.ts';"],
    ['no-orphans', 'src/tokens/bad.ts', 'export const nothing = 1;'],
  ])('%s', async (rule, path, text) => {
    plant('test/anything.ts', 'export const anything = 1;\n');
    plant('src/tokens/resource-list.ts', rule === 'no-cycles' ? "export { resource } from './resource.ts';\n" : "import './scope.ts';\n");
    plant(path, `${text}\n`);
    expect(await layerViolations(root)).toContainEqual(expect.stringContaining(`: ${rule} (`));
  });
});

it('a file that was not read fails, instead of passing for clean', async () => {
  plant('src/tokens/node_modules/hidden.ts', "import '../scope.ts';\n");
  expect(await layerViolations(root)).toEqual(['src/tokens/node_modules/hidden.ts: not read by the layer check']);
});
