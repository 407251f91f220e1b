// `npm start`: the whole service on one machine (README, DESIGN section 8).
import { localConfig } from './config.ts';
import { startService, type LocalService } from './service.ts';
import { StartError } from './start-error.ts';
import { welcome } from './welcome.ts';

const stderr = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

let service: LocalService | undefined;
const state = { stopping: false };
async function stop(): Promise<void> {
  state.stopping = true;
  await service?.stop();
  process.exit(0);
}
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    if (!state.stopping) void stop();
  });

// Killed outright, npm or the launcher cannot pass the signal on; without them nobody would know that this still runs.
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent && !state.stopping) void stop();
}, 1000).unref();

try {
  service = await startService(localConfig(process.env, process.argv.slice(2)), stderr);
  if (state.stopping) await stop();
  else process.stdout.write(`${welcome(service.credentials, service.mtlsUrl)}\n`);
} catch (error) {
  stderr(
    error instanceof StartError
      ? `m2m-auth: ${error.message}`
      : `m2m-auth: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
  );
  process.exit(1);
}
