import { COMMON_OPTIONS } from './arguments.ts';
import { TOOL, type Command, type Options } from './command.ts';
import { textWidth, wrap } from './wrap.ts';

/** What stands beside long options may go over the edge a little rather than into a column of single words. */
const MIN_TEXT = 36;

/** The list of everything, for a first look. */
export function overview(commands: readonly Command[]): string {
  return [
    ...wrap('The operator\'s tool of m2m-auth. It talks to the local service ("npm start") unless --issuer names another.'),
    '',
    'Commands:',
    ...aligned(commands.map(({ name, summary }) => ({ left: name, text: summary }))),
    '',
    'A first token, and what it holds:',
    `  ${TOOL} token --scope read`,
    `  ${TOOL} token --scope read --raw | ${TOOL} introspect -`,
    '',
    'A client for a service of yours (its secret is shown once):',
    `  ${TOOL} clients create --name billing --scope "read write"`,
    '',
    'Clients of Cognito, Auth0, Keycloak or Hydra, and why a call was refused:',
    `  ${TOOL} clients import clients.json --dry-run`,
    `  ${TOOL} explain <trace_id of the answer>`,
    '',
    `More about one: ${TOOL} help clients create`,
    ...wrap(
      'Every command takes --json. Where a token or secret is expected, "-" reads it from standard input, so that no process list ' +
        'shows it. PORT and DATA_DIR say which local service is meant, as they do for "npm start".',
    ),
  ].join('\n');
}

/** The commands of a group, or everything about one command. */
export function help(commands: readonly Command[]): string {
  const [command] = commands;
  return commands.length === 1 && command !== undefined ? one(command) : group(commands);
}

function group(commands: readonly Command[]): string {
  return [
    'Commands:',
    ...aligned(commands.map((command) => ({ left: call(command), text: command.summary }))),
    '',
    'Examples:',
    ...commands.flatMap((command) => exampleLines(command).slice(0, 1)),
    '',
    `More about one: ${TOOL} help ${commands[0]?.name ?? ''}`,
  ].join('\n');
}

function one(command: Command): string {
  return [
    ...wrap(`${command.summary}.`),
    '',
    `Usage: ${TOOL} ${call(command)} [options]`,
    '',
    'Options:',
    ...optionLines({ ...command.options, ...COMMON_OPTIONS }),
    ...(command.notes ?? []).flatMap((note) => ['', ...wrap(note)]),
    '',
    'Examples:',
    ...exampleLines(command),
  ].join('\n');
}

const call = ({ name, operands }: Command): string => [name, ...operands].join(' ');
const exampleLines = ({ name, examples }: Command): readonly string[] =>
  examples.map((example) => `  ${TOOL} ${name} ${example}`.trimEnd());

const optionLines = (options: Options): readonly string[] =>
  aligned(
    Object.entries(options).map(([name, { value, short, repeatable, help: text }]) => ({
      left: `${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`,
      text: repeatable === true ? `${text} (repeatable)` : text,
    })),
  );

function aligned(rows: readonly { readonly left: string; readonly text: string }[]): readonly string[] {
  const column = Math.max(...rows.map(({ left }) => left.length)) + 4;
  return rows.flatMap(({ left, text }) =>
    wrap(text, Math.max(textWidth() - column, MIN_TEXT)).map((line, index) => (index === 0 ? `  ${left}` : '').padEnd(column) + line),
  );
}
