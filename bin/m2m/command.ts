// What a command is. Its help, its argument parsing and its output follow from this one description.

/** An option as it is typed, without the dashes in front. */
export type OptionSpec = {
  /** How its value is shown in help; absent = a switch without a value. */
  readonly value?: string;
  readonly short?: string;
  /** May be given more than once. */
  readonly repeatable?: boolean;
  readonly help: string;
};
export type Options = Readonly<Record<string, OptionSpec>>;

/** Parsed arguments of one call. */
export type Arguments = {
  readonly operands: readonly string[];
  /** The value of an option, undefined when not given. */
  readonly text: (option: string) => string | undefined;
  /** All values of a repeatable option, undefined when not given. */
  readonly list: (option: string) => readonly string[] | undefined;
  readonly flag: (option: string) => boolean;
};

/** What a command answers: `document` with --json, else `text`. */
export type Answer = {
  readonly document: unknown;
  readonly text: string;
  /** Default 0; 1 = some of it did not work, and the document says what. */
  readonly exitCode?: 1;
};

export type Command = {
  /** The words that call it: `clients create`. */
  readonly name: string;
  readonly summary: string;
  /** Operands in order, in the notation of help: `<token>` is required, `[token]` is not. */
  readonly operands: readonly string[];
  readonly options: Options;
  /** Paragraphs below the options. */
  readonly notes?: readonly string[];
  /** Arguments of calls worth showing. */
  readonly examples: readonly string[];
  readonly run: (call: Arguments) => Promise<Answer>;
};

/** How the examples and hints spell the tool itself. */
export const TOOL = 'npm run -s m2m --';

/** A failure that the operator can act on: what is wrong, and what to do next. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  /** 1 = it did not work, 2 = it was called wrongly. */
  readonly exitCode: 1 | 2;
  constructor(problem: string, next: string, exitCode: 1 | 2 = 1) {
    super(next === '' ? problem : `${problem}\n${next}`);
    this.exitCode = exitCode;
  }
}
