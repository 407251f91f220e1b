// `npm run -s schedule -- <name> [event]`: calls a scheduled function of a running local service now, and prints what it answers.
import { callControl, printed } from './control-call.ts';
import { StartError } from './start-error.ts';

await printed(async () => {
  const [name, event] = process.argv.slice(2);
  if (name === undefined || !/^[a-z-]+$/.test(name))
    throw new StartError("usage: npm run -s schedule -- <name> [JSON event instead of the rule's own]");
  const answer = await callControl(`schedule/${name}`, event);
  if (answer.status === 404) throw new StartError(`there is no schedule ${name}`);
  if (!answer.ok) throw new StartError(`${name} failed: ${await answer.text()}`);
  return answer.text();
});
