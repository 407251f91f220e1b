// Cloud assemblies to run instead of the project's own: its app with other props, or its templates with something changed.
import { execFile } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cachedAssembly } from '../../local/synth/cached-assembly.ts';
import type { M2mAuthProps } from '../../lib/m2m-auth-props.ts';
import { cleanEnvironment, PROJECT, temporaryFolder } from './service-process.ts';

type Resource = { readonly Type: string; readonly Properties: any };
/** Changes a template's resources in place. @param resources by logical id. */
type Edit = (resources: Record<string, Resource>) => void;

/** The folder of the app's assembly with these props over those of its stage. Synthesized in a process of its own. */
export async function assemblyWith(auth: M2mAuthProps): Promise<string> {
  const outdir = temporaryFolder();
  const script = `import { buildApp } from './bin/app.ts'; buildApp(${JSON.stringify({ outdir, checks: false, auth })}).synth();`;
  await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], { cwd: PROJECT, env: cleanEnvironment({}) });
  return outdir;
}

/** A copy of the project's assembly, or of `from`, with its templates edited. */
export async function editedAssembly(edit: Edit, from?: string): Promise<string> {
  const folder = temporaryFolder();
  cpSync(from ?? (await cachedAssembly()).directory, folder, { recursive: true });
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.template.json'))) {
    const file = join(folder, name);
    const template = JSON.parse(readFileSync(file, 'utf8')) as { Resources: Record<string, Resource> };
    edit(template.Resources);
    writeFileSync(file, JSON.stringify(template));
  }
  return folder;
}

/** Takes an action away from the role of one function. @param functionName part of its policy's logical id, e.g. `FunctionsTokenFunction`. */
export const withoutGrant =
  (functionName: string, action: string): Edit =>
  (resources) => {
    for (const [logicalId, { Type, Properties }] of Object.entries(resources)) {
      if (Type !== 'AWS::IAM::Policy' || !logicalId.includes(functionName)) continue;
      for (const statement of Properties.PolicyDocument.Statement)
        statement.Action = [statement.Action].flat().filter((each: string) => each !== action);
      Properties.PolicyDocument.Statement = Properties.PolicyDocument.Statement.filter(
        ({ Action }: { Action: string[] }) => Action.length > 0,
      );
    }
  };
