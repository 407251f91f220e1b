// Clients of another system, registered here: what they are called and may do, never their secrets.
import { readFileSync } from 'node:fs';
import { usageError } from './arguments.ts';
import { manager } from './clients.ts';
import { CommandError, type Answer, type Arguments, type Command } from './command.ts';
import { everyPage } from './every-page.ts';
import { RefusedCall, type Call, type JsonObject } from './http-call.ts';
import { SECRET_LEFT } from './import/imported-client.ts';
import { planImport, type Row } from './import/plan.ts';
import { RESULTS, runImport, type Outcome, type Ran } from './import/run.ts';
import { openSecretsFile } from './import/secrets-file.ts';
import { readExport, SOURCE_NAMES, type Export } from './import/sources.ts';
import { findService } from './service.ts';
import { IAM_OPTIONS } from './signature.ts';
import { valueOrInput } from './standard-input.ts';
import { inWords, printable, table, terminalWidth, type Column } from './table.ts';

export const importClients: Command = {
  name: 'clients import',
  summary: 'Register the clients of another system, with new secrets',
  operands: ['<file>'],
  options: {
    from: { value: 'SYSTEM', help: `${SOURCE_NAMES.join(', ')} (default: by the looks of the file)` },
    'dry-run': { help: 'Show what would be done, and do nothing' },
    'secrets-file': { value: 'FILE', help: 'Where the new secrets go: made with mode 600, one JSON object a line' },
    update: { help: 'Change clients that exist and differ to what the file says of them' },
    'new-ids': { help: 'Give clients whose id cannot be kept another one' },
    ...IAM_OPTIONS,
  },
  notes: [
    'Takes what these systems write: "aws cognito-idp describe-user-pool-client", "auth0 apps list --json", a client or realm export of ' +
      'Keycloak, "hydra list oauth2-clients --format json"; else JSON with the names of docs/clients.md (also "clients list --json" of another ' +
      'stage), or a CSV with them in its first line. "-" reads standard input.',
    'Interrupted, run it again with the same file and secrets file: it goes on where it stopped, makes nothing twice, and gets secrets whose ' +
      'answer was lost again for 24 hours. Clients that exist are left as they are, and are told apart: same, or differs.',
  ],
  examples: [
    'clients.json --dry-run',
    'clients.json --secrets-file new-secrets.jsonl',
    'clients.csv --from plain --secrets-file new-secrets.jsonl --json',
    'realm-export.json --new-ids --secrets-file new-secrets.jsonl --iam --issuer https://auth.example.com',
  ],
  run: async (call) => {
    const source = await exportOf(call);
    const rows = planImport(source.clients, call.flag('new-ids'));
    const path = secretsPath(call);
    const request = await renewing(call);
    const existing = await existingClients(request);
    const { issuer } = await findService(call);
    const secrets = path === undefined ? undefined : openSecretsFile(path, issuer);
    try {
      const ran = await runImport(rows, { ...settings(call), request, existing, secrets, report: progress(rows) });
      return answerOf(source, ran, call, path);
    } finally {
      secrets?.close();
    }
  },
};

async function exportOf(call: Arguments): Promise<Export> {
  const from = call.text('from');
  if (from !== undefined && !SOURCE_NAMES.includes(from)) throw usageError(importClients, `--from is one of ${SOURCE_NAMES.join(', ')}.`);
  return readExport(await contentOf(call.operands[0] ?? ''), from);
}

async function contentOf(file: string): Promise<string> {
  if (file === '-') return await valueOrInput('-');
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandError(`Cannot read ${file}: ${(error as Error).message}`, '', 2);
  }
}

const settings = (call: Arguments) => ({ update: call.flag('update'), dryRun: call.flag('dry-run') });

/** Secrets never go to the screen by themselves. */
function secretsPath(call: Arguments): string | undefined {
  const path = call.text('secrets-file');
  if (call.flag('dry-run')) {
    if (path !== undefined || call.flag('update'))
      throw usageError(importClients, '--dry-run does nothing: leave out --secrets-file and --update.');
    return undefined;
  }
  if (path === undefined && !call.flag('json'))
    throw usageError(
      importClients,
      'Say where the new secrets go: --secrets-file FILE, or --json. To see first what would be done: --dry-run.',
    );
  return path;
}

/** A long import outlives its access token. */
async function renewing(call: Arguments): Promise<(request: Call) => Promise<JsonObject>> {
  let current = manager(call);
  await current;
  return async (request) => {
    const used = current;
    try {
      return await (
        await used
      )(request);
    } catch (error) {
      if (!(error instanceof RefusedCall) || error.status !== 401) throw error;
      if (current === used) current = manager(call);
      return await (
        await current
      )(request);
    }
  };
}

async function existingClients(request: (call: Call) => Promise<JsonObject>): Promise<ReadonlyMap<string, JsonObject>> {
  const clients = await everyPage(request, '/clients');
  return new Map(clients.map((client) => [inWords(client['client_id']) ?? '', client]));
}

/** On standard error, so that --json stays one document. */
function progress(rows: readonly Row[]): (outcome: Outcome) => void {
  let done = 0;
  return ({ client_id: id, result }) => {
    done += 1;
    process.stderr.write(`${String(done).padStart(String(rows.length).length)}/${rows.length}  ${result.padEnd(9)}  ${printable(id)}\n`);
  };
}

function answerOf({ source }: Export, { outcomes, stopped }: Ran, call: Arguments, path: string | undefined): Answer {
  const counts = RESULTS.map((result) => [result, outcomes.filter((outcome) => outcome.result === result).length] as const).filter(
    ([, count]) => count > 0,
  );
  const dryRun = call.flag('dry-run');
  const document = {
    source,
    dry_run: dryRun,
    ...(path === undefined ? {} : { secrets_file: path }),
    summary: Object.fromEntries(counts),
    ...(stopped === undefined ? {} : { stopped: stopped.message }),
    clients: outcomes,
  };
  const summary = counts.map(([result, count]) => `${count} ${result === 'create' ? 'to create' : result}`).join(', ');
  const lines = [
    table(COLUMNS, outcomes, terminalWidth()),
    '',
    `${outcomes.length} clients from ${source}: ${summary}.`,
    ...(path === undefined ? [] : [`The new secrets are in ${path}: hand them out, then delete it.`]),
    ...(stopped === undefined ? [] : ['', `Stopped: ${stopped.message}`, 'Run the same command again: it goes on where it stopped.']),
  ];
  const failed = stopped !== undefined || outcomes.some(({ result }) => result === 'refused');
  return { document, text: lines.join('\n'), ...(failed ? { exitCode: 1 as const } : {}) };
}

const COLUMNS: readonly Column<Outcome>[] = [
  { title: 'CLIENT ID', cell: ({ client_id: id }) => id, shrinks: true },
  { title: 'NAME', cell: ({ client_name: name }) => name ?? '', shrinks: true },
  { title: 'RESULT', cell: ({ result }) => result },
  { title: 'REMARKS', cell: remarks, shrinks: true },
];

function remarks({ former_id: former, problem, differs = [], left, result }: Outcome): string {
  const behind = left.filter((what) => what !== SECRET_LEFT); // that of every client, as the help says
  return [
    ...(problem === undefined ? [] : [problem]),
    ...(differs.length === 0 ? [] : [`${result === 'updated' ? 'changed' : 'differs in'} ${differs.join(', ')}`]),
    ...(former === undefined ? [] : [`was ${former}`]),
    ...(behind.length === 0 || problem !== undefined ? [] : [`left behind: ${behind.join('; ')}`]),
  ].join('. ');
}
