// The signing keys, by way of the function that rotates them (docs/signing-keys.md).
import { usageError } from './arguments.ts';
import { CommandError, TOOL, type Answer, type Arguments, type Command } from './command.ts';
import { confirm, CONFIRMATION_OPTIONS } from './confirmation.ts';
import { askRotation, ROTATION_OPTIONS, type JsonObject } from './rotation-function.ts';
import { inWords, table, terminalWidth, type Column } from './table.ts';
import { ALGORITHMS, isAlgorithm } from '../../src/tokens/algorithms.ts';

const list: Command = {
  name: 'keys list',
  summary: 'List the signing keys: which sign, which wait, which only verify',
  operands: [],
  options: ROTATION_OPTIONS,
  notes: [
    'pending: published, signs later. active: may sign; the one marked "signs" does. retiring: verifies until its tokens are over. retired: gone. revoked: trusted by nobody.',
  ],
  examples: ['', '--json', '--stack m2m-auth-service'],
  run: async (call) => shown(await ask(call, { command: 'list' })),
};

const rotate: Command = {
  name: 'keys rotate',
  summary: 'Let the standby of an algorithm sign as soon as every verifier knows it',
  operands: [],
  options: {
    algorithm: { value: 'ALG', help: `One of ${ALGORITHMS.join(', ')} (default: the only one there is)` },
    ...ROTATION_OPTIONS,
    ...CONFIRMATION_OPTIONS,
  },
  notes: [
    'Verifiers may keep the JWKS for two hours: a standby that is younger than 2 h 10 min signs from then on. Said twice, it does no more.',
  ],
  examples: ['', '--algorithm ES256 --yes'],
  run: async (call) => {
    const algorithm = call.text('algorithm') ?? onlyAlgorithm(await ask(call, { command: 'list' }));
    if (!isAlgorithm(algorithm)) throw usageError(rotate, `--algorithm must be one of ${ALGORITHMS.join(', ')}.`);
    await confirm(rotate, call, `This ends the use of the key that signs ${algorithm}.`);
    return shown(await ask(call, { command: 'rotate', algorithm }));
  },
};

const retire: Command = {
  name: 'keys retire',
  summary: 'Take one key out of use in good order: the signing one is rotated out, one that waits is taken back',
  operands: ['<kid>'],
  options: { ...ROTATION_OPTIONS, ...CONFIRMATION_OPTIONS },
  notes: ['What it has signed stays good until it expires. A kid that begins with a dash goes behind "--", as the last word.'],
  examples: ['Zm9vYmFyYmF6cXV4cXV1eA', 'Zm9vYmFyYmF6cXV4cXV1eA --yes'],
  run: async (call) => {
    const [kid = ''] = call.operands;
    await confirm(retire, call, `This ends the use of the key ${kid}.`);
    return shown(await ask(call, { command: 'retire', kid }));
  },
};

const revoke: Command = {
  name: 'keys revoke',
  summary: 'Emergency: stop trusting a key everywhere, at once',
  operands: ['<kid>'],
  options: {
    force: { help: 'Even where verifiers do not know its successor yet and will refuse new tokens for a while' },
    ...ROTATION_OPTIONS,
    ...CONFIRMATION_OPTIONS,
  },
  notes: [
    'Every token that it has signed is refused, within 5 seconds by the service and by authorizers that read the feed or the table; by ' +
      'verifiers that only keep the JWKS, within two hours. The published standby signs at once. It cannot be undone.',
    'A kid that begins with a dash goes behind "--", as the last word.',
  ],
  examples: ['Zm9vYmFyYmF6cXV4cXV1eA', 'Zm9vYmFyYmF6cXV4cXV1eA --force --yes'],
  run: async (call) => {
    const [kid = ''] = call.operands;
    await confirm(revoke, call, `This makes every token signed with the key ${kid} worthless, and cannot be undone.`);
    const answer = await ask(call, { command: 'revoke', kid, force: call.flag('force') });
    const { document, text } = shown(answer);
    return { document, text: `${text}\n\nRevoked. ${REVOKED}${answer['unfinished'] === true ? `\n${UNFINISHED}` : ''}` };
  },
};

export const keys: readonly Command[] = [list, rotate, retire, revoke];

const REVOKED = 'Its tokens are refused from now on (within 5 seconds by authorizers that read the feed).';
const UNFINISHED =
  'AWS did not do the rest: the standby follows at the next run, within the hour. The log of the rotation function says more.';

async function ask(call: Arguments, command: JsonObject): Promise<JsonObject> {
  const answer = await askRotation(call, command);
  if (answer['ok'] === true) return answer;
  throw refusal(String(answer['reason']), inWords(answer['at']));
}

function refusal(reason: string, at: string | undefined): CommandError {
  switch (reason) {
    case 'key_unknown':
      return new CommandError('There is no such key.', `See: ${TOOL} keys list`);
    case 'key_gone':
      return new CommandError('The key is out of use already.', `See: ${TOOL} keys list`);
    case 'algorithm_unknown':
      return new CommandError('No token is signed with this algorithm.', `See: ${TOOL} keys list`);
    case 'run_under_way':
      return new CommandError('The rotation is running just now.', 'Say it again in a minute and a half.');
    case 'standby_not_ready':
      return at === undefined
        ? new CommandError(
            'There is no other key that could sign in its place.',
            `The rotation makes one when it runs, every hour. In an emergency: ${TOOL} keys revoke --force`,
          )
        : new CommandError(
            `The key that would take its place is too young: verifiers may not know it before ${at}.`,
            `Wait until then. In an emergency: ${TOOL} keys revoke --force`,
          );
    case 'no_room':
      return new CommandError(
        'The JWKS is full: it holds at most 10 keys, and all of them are still needed.',
        at === undefined ? 'Retire a key that waits.' : `There is room again at ${at}.`,
      );
    default:
      return new CommandError(`The rotation function refuses: ${reason}`, 'Is the command line of the same version as the service?');
  }
}

const keysOf = (answer: JsonObject): readonly JsonObject[] => (answer['keys'] ?? []) as readonly JsonObject[];

function onlyAlgorithm(answer: JsonObject): string {
  const signing = [...new Set(keysOf(answer).flatMap((key) => (key['signs'] === true ? [String(key['alg'])] : [])))];
  const [only, ...others] = signing;
  if (only !== undefined && others.length === 0) return only;
  throw usageError(rotate, `There are several algorithms: say which by --algorithm (${signing.join(', ')}).`);
}

function shown(answer: JsonObject): Answer {
  const { keys: items, without_standby: without, unfinished } = answer;
  const missing = Array.isArray(without) && without.length > 0 ? `\n\nNo standby yet: ${without.join(', ')}.` : '';
  const text = keysOf(answer).length === 0 ? 'No keys yet: the first token brings them.' : table(COLUMNS, keysOf(answer), terminalWidth());
  const document = { keys: items, without_standby: without, ...(unfinished === true ? { unfinished } : {}) };
  return { document, text: text + missing };
}

const cell = (name: string) => (key: JsonObject) => inWords(key[name]) ?? '-';
const COLUMNS: readonly Column<JsonObject>[] = [
  { title: 'KID', cell: cell('kid') },
  { title: 'ALG', cell: cell('alg') },
  { title: 'STATE', cell: (key) => (key['signs'] === true ? `${String(key['state'])}, signs` : (inWords(key['state']) ?? '-')) },
  { title: 'PUBLISHED', cell: cell('published_at') },
  { title: 'KNOWN TO ALL', cell: cell('known_at') },
  { title: 'SIGNS FROM', cell: cell('signs_from') },
  { title: 'UNTIL', cell: (key) => inWords(key['revoked_at']) ?? inWords(key['retires_at']) ?? '-' },
  { title: 'REMOVED', cell: (key) => inWords(key['revoked_at']) ?? inWords(key['removed_at']) ?? '-' },
];
