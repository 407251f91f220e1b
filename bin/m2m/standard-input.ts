import { text } from 'node:stream/consumers';
import { CommandError } from './command.ts';

let taken = false;

/** The value itself, or for `-` what comes on standard input: process lists and shell histories show arguments, not input. */
export async function valueOrInput(value: string): Promise<string> {
  if (value !== '-') return value;
  if (taken) throw new CommandError('Standard input can be read for one value only.', 'Give "-" once.', 2);
  taken = true;
  if (process.stdin.isTTY) process.stderr.write('Paste the value, then press Enter and Ctrl-D: ');
  const input = (await text(process.stdin)).trim();
  if (input === '') throw new CommandError('Standard input is empty.', 'Pipe the value into the command, or paste it.', 2);
  return input;
}
