// `npm run -s fault -- <dynamodb|kms|secretsmanager> <ok|throttle|down|slow>`: makes a running local service's backend misbehave.
import { localConfig } from './config.ts';
import { runningService } from './data-directory.ts';
import { FAULT_MODES, FAULT_SERVICES, isFaultMode, isFaultService } from './engines/faults.ts';
import { StartError } from './start-error.ts';

async function main(): Promise<string> {
  const [service, mode] = process.argv.slice(2);
  if (!isFaultService(service) || !isFaultMode(mode))
    throw new StartError(`usage: npm run -s fault -- <${FAULT_SERVICES.join('|')}> <${FAULT_MODES.join('|')}>`);
  const { dataDir, port } = localConfig(process.env, []);
  const running = runningService(dataDir);
  if (!running?.control) throw new StartError(`no m2m-auth runs on ${dataDir}. Start one, or name its DATA_DIR.`);
  if (process.env['PORT'] !== undefined && port !== running.port)
    throw new StartError(`the m2m-auth on ${dataDir} has port ${running.port}, not ${port}.`);
  const { url, token } = running.control;
  const answer = await fetch(`${url}/fault/${service}/${mode}`, { method: 'POST', headers: { authorization: `Bearer ${token}` } });
  if (!answer.ok) throw new StartError(`the service refused: ${answer.status}`);
  return `${service} ${mode}`;
}

try {
  process.stdout.write(`${await main()}\n`);
} catch (error) {
  process.stderr.write(`m2m-auth: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
