// How commands on this machine reach a running service: through the control channel that its data directory names.
import { localConfig } from './config.ts';
import { runningService } from './data-directory.ts';
import { messageOf, StartError } from './start-error.ts';

/** @throws StartError where no service runs, or another than PORT says. */
export async function callControl(path: string, body?: string): Promise<Response> {
  const { dataDir, port } = localConfig(process.env, []);
  const running = runningService(dataDir);
  if (!running?.control) throw new StartError(`no m2m-auth runs on ${dataDir}. Start one, or name its DATA_DIR.`);
  if (process.env['PORT'] !== undefined && port !== running.port)
    throw new StartError(`the m2m-auth on ${dataDir} has port ${running.port}, not ${port}.`);
  const { url, token } = running.control;
  return fetch(`${url}/${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
    ...(body === undefined ? {} : { body }),
  });
}

/** Prints the one line that the command answers, or what went wrong. */
export async function printed(command: () => Promise<string>): Promise<void> {
  try {
    process.stdout.write(`${await command()}\n`);
  } catch (error) {
    process.stderr.write(`m2m-auth: ${messageOf(error)}\n`);
    process.exitCode = 1;
  }
}
