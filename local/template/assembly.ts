// Reads a synthesized cloud assembly (`cdk.out`): every stack's template, also those of nested assemblies (stages).
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isObject, TemplateError, type JsonObject, type Stack, type Template } from './template.ts';

export function readAssembly(directory: string): readonly Stack[] {
  const manifest = readJson(join(directory, 'manifest.json'));
  const artifacts = Object.entries(objectAt(manifest, 'artifacts')).filter((entry): entry is [string, JsonObject] => isObject(entry[1]));
  const assets = new Map(artifacts.flatMap(([, artifact]) => assetsOf(directory, artifact)));
  return artifacts.flatMap(([id, artifact]) => stacksOf(directory, id, artifact, assets));
}

function stacksOf(directory: string, id: string, artifact: JsonObject, assets: Stack['assets']): readonly Stack[] {
  const properties = objectAt(artifact, 'properties');
  if (artifact['type'] === 'cdk:cloud-assembly') return readAssembly(join(directory, String(properties['directoryName'])));
  if (artifact['type'] !== 'aws:cloudformation:stack') return [];
  const template = readJson(join(directory, String(properties['templateFile']))) as unknown as Template;
  return [{ name: String(properties['stackName'] ?? id), template, assets }];
}

/** The asset manifest says which folder is uploaded under which object key. */
function assetsOf(directory: string, artifact: JsonObject): readonly (readonly [string, string])[] {
  if (artifact['type'] !== 'cdk:asset-manifest') return [];
  const { files } = readJson(join(directory, String(objectAt(artifact, 'properties')['file'])));
  return Object.values(isObject(files ?? null) ? (files as JsonObject) : {}).flatMap((file) => {
    const path = join(directory, String(objectAt(file, 'source')['path']));
    return Object.values(objectAt(file, 'destinations')).map(
      (destination) => [String(isObject(destination) ? destination['objectKey'] : ''), path] as const,
    );
  });
}

/** The folder with a function's code. */
export function assetDirectory(stack: Stack, logicalId: string, s3Key: string): string {
  const folder = stack.assets.get(s3Key);
  if (folder === undefined || !existsSync(folder))
    throw new TemplateError(stack.name, logicalId, `has code ${s3Key}, which is not in the cloud assembly`);
  return folder;
}

function objectAt(value: unknown, name: string): JsonObject {
  const member = isObject(value) ? value[name] : undefined;
  return isObject(member ?? null) ? (member as JsonObject) : {};
}

function readJson(file: string): JsonObject {
  const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (!isObject(value)) throw new Error(`${file} is not a JSON object`);
  return value;
}
