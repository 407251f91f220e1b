// Asking before something is gone for good.
import { createInterface } from 'node:readline/promises';
import { usageError } from './arguments.ts';
import { CommandError, type Arguments, type Command, type Options } from './command.ts';

export const CONFIRMATION_OPTIONS: Options = { yes: { help: 'Do not ask; needed where there is no terminal' } };

/** Returns when the operator agrees, by --yes or at the terminal; throws otherwise. @param what happens, as a sentence. */
export async function confirm(command: Pick<Command, 'name'>, call: Arguments, what: string): Promise<void> {
  if (call.flag('yes')) return;
  if (!process.stdin.isTTY) throw usageError(command, `${what} There is no terminal to ask at: say --yes.`);
  // On standard error, so that --json stays one document.
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const closed = new Promise<string>((resolve) => void terminal.once('close', () => resolve('')));
  const answer = await Promise.race([terminal.question(`${what} Go on? [y/N] `), closed]);
  terminal.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new CommandError('Nothing was done.', '');
}
