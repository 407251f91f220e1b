// `npm run -s fault -- <dynamodb|kms|secretsmanager> <ok|throttle|down|slow>`: makes a running local service's backend misbehave.
import { callControl, printed } from './control-call.ts';
import { FAULT_MODES, FAULT_SERVICES, isFaultMode, isFaultService } from './engines/faults.ts';
import { StartError } from './start-error.ts';

await printed(async () => {
  const [service, mode] = process.argv.slice(2);
  if (!isFaultService(service) || !isFaultMode(mode))
    throw new StartError(`usage: npm run -s fault -- <${FAULT_SERVICES.join('|')}> <${FAULT_MODES.join('|')}>`);
  const answer = await callControl(`fault/${service}/${mode}`);
  if (!answer.ok) throw new StartError(`the service refused: ${answer.status}`);
  return `${service} ${mode}`;
});
