// argv -> Arguments, by a command's description. Whatever the description does not know is an error that names the nearest thing it does.
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { CommandError, TOOL, type Arguments, type Command, type Options } from './command.ts';
import { nearest } from './nearest.ts';

/** Options that every command has. */
export const COMMON_OPTIONS: Options = {
  issuer: { value: 'URL', help: 'Another service than the local one, as the client in M2M_CLIENT_ID and M2M_CLIENT_SECRET' },
  json: { help: 'Print exactly one JSON document' },
  help: { short: 'h', help: 'Show this' },
};

/** `undefined` = help is wanted. */
export function parseArguments(command: Command, argv: readonly string[]): Arguments | undefined {
  const options = { ...command.options, ...COMMON_OPTIONS };
  const { values, positionals, tokens } = parsed(command, argv, options);
  if (values['help'] === true) return undefined;
  refuseRepeats(command, options, tokens);
  refuseOperands(command, positionals);
  const read = (option: string): unknown => values[option];
  return {
    operands: positionals,
    text: (option) => read(option) as string | undefined,
    list: (option) => read(option) as readonly string[] | undefined,
    flag: (option) => read(option) === true,
  };
}

function parsed(command: Command, argv: readonly string[], options: Options) {
  const config: NonNullable<ParseArgsConfig['options']> = {};
  for (const [name, { value, short, repeatable }] of Object.entries(options))
    config[name] = {
      type: value === undefined ? 'boolean' : 'string',
      multiple: repeatable ?? false,
      ...(short === undefined ? {} : { short }),
    };
  try {
    return parseArgs({ args: [...argv], options: config, allowPositionals: true, strict: true, tokens: true });
  } catch (error) {
    throw usageError(command, unknownOption(error, Object.keys(options)) ?? (error as Error).message);
  }
}

function unknownOption(error: unknown, known: readonly string[]): string | undefined {
  const { code, message } = error as NodeJS.ErrnoException;
  const [, option] = code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION' ? (/Unknown option '(-[^']*)'/.exec(message) ?? []) : [];
  if (option === undefined) return undefined;
  const suggestion = nearest(option.replace(/^-+/, ''), known);
  return `Unknown option ${option}.${suggestion === undefined ? '' : ` Did you mean --${suggestion}?`}`;
}

type Token = { readonly kind: string; readonly name?: string };
function refuseRepeats(command: Command, options: Options, tokens: readonly Token[]): void {
  const seen = new Set<string>();
  for (const { kind, name } of tokens) {
    if (kind !== 'option' || name === undefined) continue;
    if (seen.has(name) && options[name]?.value !== undefined && options[name].repeatable !== true)
      throw usageError(command, `--${name} is given more than once.`);
    seen.add(name);
  }
}

function refuseOperands(command: Command, operands: readonly string[]): void {
  const missing = command.operands.slice(operands.length).find((operand) => operand.startsWith('<'));
  if (missing !== undefined) throw usageError(command, `${missing} is missing.`);
  const extra = operands[command.operands.length];
  if (extra !== undefined) throw usageError(command, `Unexpected ${JSON.stringify(extra)}: quote values that contain spaces.`);
}

export const usageError = (command: Pick<Command, 'name'>, problem: string): CommandError =>
  new CommandError(problem, `See: ${TOOL} help ${command.name}`, 2);
