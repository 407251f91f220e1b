// Certificates: a test authority for the local run, and the list of those that the service takes no more.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { usageError } from './arguments.ts';
import { manager } from './clients.ts';
import { CommandError, TOOL, type Arguments, type Command, type Options } from './command.ts';
import type { JsonObject } from './http-call.ts';
import { dataFolder } from './service.ts';
import { IAM_OPTIONS } from './signature.ts';
import { inWords, table, terminalWidth, type Column } from './table.ts';

const MTLS_FOLDER = 'mtls';
const FILE_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

const ca: Command = {
  name: 'certs ca',
  summary: 'Make a test authority for the local run, and a certificate for its TLS listener',
  operands: [],
  options: { days: { value: 'N', help: 'How long they are valid (default 365)' } },
  notes: [
    `For tests on one machine: the key of the authority lies beside its certificate, in ${MTLS_FOLDER}/ of DATA_DIR. What is there stays.`,
    'Then: MTLS_PORT=3443 npm start',
  ],
  examples: ['', '--days 30'],
  run: async (call) => {
    const { makeAuthority } = await import('./test-authority.ts');
    const made = await makeAuthority(folder(), days(ca, call, 365));
    return { document: made, text: `Made ${made.ca}.\nNext: ${TOOL} certs issue billing, then MTLS_PORT=3443 npm start` };
  },
};

const issue: Command = {
  name: 'certs issue',
  summary: 'Issue a test certificate for a client',
  operands: ['<name>'],
  options: {
    o: { value: 'NAME', help: 'Organization of its subject' },
    cn: { value: 'NAME', help: 'Common name (default: the name)' },
    dns: { value: 'HOST', repeatable: true, help: 'Subject alternative name' },
    uri: { value: 'URI', repeatable: true, help: 'The same' },
    ip: { value: 'ADDRESS', repeatable: true, help: 'The same' },
    email: { value: 'ADDRESS', repeatable: true, help: 'The same' },
    days: { value: 'N', help: 'How long it is valid (default 90)' },
    expired: { help: 'It has been valid for that long, and is no more' },
    'not-yet': { help: 'It is valid from tomorrow on' },
    'self-signed': { help: 'Vouches for itself, and is put into the truststore' },
  },
  notes: ['Certificate and key are written beside the authority. A running service reads its truststore when it starts.'],
  examples: ['billing', 'billing --o Example --dns billing.internal', 'worker --self-signed'],
  run: async (call) => {
    const [name = ''] = call.operands;
    if (!FILE_NAME.test(name)) throw usageError(issue, 'The name becomes a file name: letters, digits, and . _ - within.');
    const { issueCertificate } = await import('./test-authority.ts');
    const made = await issueCertificate(folder(), name, {
      organization: call.text('o'),
      commonName: call.text('cn') ?? name,
      dns: call.list('dns') ?? [],
      uri: call.list('uri') ?? [],
      ip: call.list('ip') ?? [],
      email: call.list('email') ?? [],
      days: days(issue, call, 90),
      expired: call.flag('expired'),
      notYet: call.flag('not-yet'),
      selfSigned: call.flag('self-signed'),
    });
    return { document: made, text: `${made.certificate}\n${made.key}\nsubject   ${made.subject}\nx5t#S256  ${made['x5t#S256']}` };
  },
};

const OPTIONS: Options = IAM_OPTIONS;

const deny: Command = {
  name: 'certs deny',
  summary: 'Take a certificate no more, and the tokens that are bound to it',
  operands: ['[file]'],
  options: {
    ...OPTIONS,
    thumbprint: { value: 'X5T', help: 'SHA-256 of the certificate, base64url' },
    'issued-by': { value: 'DN', help: 'Its issuer (RFC 4514), with --serial' },
    serial: { value: 'HEX', help: 'Its serial number, with --issued-by' },
    'expires-at': { value: 'TIME', help: "Until when (default: the certificate's own end where the file is given, else 10 years)" },
    reason: { value: 'TEXT', help: 'Why, for whoever finds it later' },
  },
  notes: ['At once at the service and at authorizers in table mode, within 5 seconds at the others.'],
  examples: ['billing.pem --reason "key lost"', '--issued-by "CN=Example CA,O=Example" --serial 0a:1b:2c'],
  run: async (call) => {
    const [file] = call.operands;
    const json = {
      certificate: file === undefined ? undefined : readCertificate(file),
      'x5t#S256': call.text('thumbprint'),
      issuer: call.text('issued-by'),
      serial: call.text('serial'),
      expires_at: call.text('expires-at'),
      reason: call.text('reason'),
    };
    const request = await manager(call);
    const denied = await request({ method: 'POST', path: '/denied-certificates', json });
    const id = inWords(denied['id']) ?? '';
    return { document: denied, text: `Denied until ${inWords(denied['expires_at']) ?? ''}.\nTo undo: ${TOOL} certs allow ${id}` };
  },
};

const denied: Command = {
  name: 'certs denied',
  summary: 'List the denied certificates',
  operands: [],
  options: OPTIONS,
  examples: ['', '--json'],
  run: async (call) => {
    const request = await manager(call);
    const answer = await request({ method: 'GET', path: '/denied-certificates' });
    const items = (answer['items'] ?? []) as readonly JsonObject[];
    return { document: { items }, text: items.length === 0 ? 'No certificate is denied.' : table(COLUMNS, items, terminalWidth()) };
  },
};

const allow: Command = {
  name: 'certs allow',
  summary: 'Take a denied certificate again',
  operands: ['<id>'],
  options: OPTIONS,
  notes: [
    'The id as "certs denied" shows it. Authorizers that read the feed refuse it until they start anew or its end: issue a new certificate.',
  ],
  examples: ['0Dx2Wq0Vx7NQm7m3O4nL1Hc2ZBqW3b6m0w5J8u1y9eQ'],
  run: async (call) => {
    const [id = ''] = call.operands;
    const request = await manager(call);
    await request({ method: 'DELETE', path: `/denied-certificates?${new URLSearchParams({ id }).toString()}` });
    return { document: { allowed: id }, text: `${id} is denied no more.` };
  },
};

export const certs: readonly Command[] = [ca, issue, deny, denied, allow];

const folder = (): string => join(dataFolder(), MTLS_FOLDER);

function days(command: Command, call: Arguments, usual: number): number {
  const text = call.text('days') ?? String(usual);
  if (!/^[1-9]\d{0,3}$/.test(text)) throw usageError(command, '--days must be a whole number from 1 to 9999.');
  return Number(text);
}

function readCertificate(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw new CommandError(
      `There is no certificate to read in ${file}.`,
      'Give a file in PEM, or --thumbprint, or --issued-by and --serial.',
      2,
    );
  }
}

const column = (title: string, field: string, more: { readonly shrinks?: boolean } = {}): Column<JsonObject> => ({
  title,
  cell: (item) => inWords(item[field]) ?? '',
  ...more,
});
const COLUMNS: readonly Column<JsonObject>[] = [
  column('ID', 'id'),
  column('CERTIFICATE', 'certificate', { shrinks: true }),
  column('UNTIL', 'expires_at'),
  column('BY', 'created_by', { shrinks: true }),
  column('REASON', 'reason', { shrinks: true }),
];
