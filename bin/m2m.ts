// `npm run -s m2m -- <command>`: the operator's command line. Commands are in bin/m2m, one group a file.
import { parseArguments } from './m2m/arguments.ts';
import { CommandError, TOOL, type Command } from './m2m/command.ts';
import { COMMANDS } from './m2m/commands.ts';
import { help, overview } from './m2m/help.ts';
import { nearest } from './m2m/nearest.ts';

try {
  const output = await answerTo(process.argv.slice(2));
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error; // `| head` has seen enough
  });
  process.stdout.write(`${output}\n`);
} catch (error) {
  console.error(error instanceof CommandError ? error.message : error);
  process.exitCode = error instanceof CommandError ? error.exitCode : 1;
}

async function answerTo(argv: readonly string[]): Promise<string> {
  const [first] = argv;
  if (first === undefined || ['--help', '-h'].includes(first)) return overview(COMMANDS);
  if (first === 'help') return argv.length === 1 ? overview(COMMANDS) : help(named(argv.slice(1)));
  const [command, ...others] = named(argv);
  if (command === undefined || others.length > 0) return help(named(argv));
  const call = parseArguments(command, argv.slice(command.name.split(' ').length));
  if (call === undefined) return help([command]);
  const { document, text, exitCode } = await command.run(call);
  if (exitCode !== undefined) process.exitCode = exitCode;
  return call.flag('json') ? JSON.stringify(document, undefined, 2) : text;
}

/** The one command that the words name, or a group's commands where they name the group and go no further. */
function named(words: readonly string[]): readonly Command[] {
  const [first = '', second = ''] = words;
  const group = COMMANDS.filter(({ name }) => name.split(' ')[0] === first);
  const exact = group.filter(({ name }) => name === first || name === `${first} ${second}`);
  if (exact.length === 1) return exact;
  if (group.length === 0)
    throw unknown(
      first,
      COMMANDS.map(({ name }) => name.split(' ')[0] ?? ''),
    );
  if (second === '' || second.startsWith('-')) return group;
  throw unknown(
    `${first} ${second}`,
    group.map(({ name }) => name),
  );
}

function unknown(words: string, known: readonly string[]): CommandError {
  const suggestion = nearest(words, known);
  return new CommandError(
    `There is no command ${JSON.stringify(words)}.${suggestion === undefined ? '' : ` Did you mean ${suggestion}?`}`,
    `See: ${TOOL} help`,
    2,
  );
}
