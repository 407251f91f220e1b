// One running service for every test that needs no other: started before the first file, ended after the last.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startService, type Reachable } from './service-process.ts';
import { secretsIn } from './secrets-in-text.ts';

declare module 'vitest' {
  interface ProvidedContext {
    readonly service: Reachable;
  }
}

/** Vitest's global setup; what it returns is the teardown. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const service = await startService();
  const { issuer, dataDir, demoService, demoAdmin } = service;
  project.provide('service', { issuer, dataDir, demoService, demoAdmin });
  return async () => {
    const written = ['logs.jsonl', 'audit.jsonl'].map((file) => readFileSync(join(dataDir, file), 'utf8'));
    await service.stop();
    const problems = written.flatMap((text) => [...secretsIn(text), ...(text.match(/^.*(?:"message":"defect"|"IAM: ).*$/gm) ?? [])]);
    if (problems.length > 0) throw new Error(`the running service's logs hold what they must not: ${problems.slice(0, 5).join('\n')}`);
  };
}
