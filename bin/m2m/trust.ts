// Trust rules, over /trust-rules as demo-admin or M2M_CLIENT_ID: which tokens of external issuers serve as which client.
import { readFileSync } from 'node:fs';
import { claimText, conditionText, type ClaimCondition } from '../../src/client-authentication/claim-condition.ts';
import { ISSUER_KINDS } from '../../src/client-authentication/known-issuers.ts';
import { lintTrustRule } from '../../src/client-authentication/trust-rule-lint.ts';
import { readTrustRule, type TrustRuleProblem } from '../../src/client-authentication/trust-rule.ts';
import { manager } from './clients.ts';
import { CommandError, TOOL, type Answer, type Arguments, type Command } from './command.ts';
import { confirm, CONFIRMATION_OPTIONS } from './confirmation.ts';
import { lifetimeSeconds } from './duration.ts';
import { everyPage } from './every-page.ts';
import type { JsonObject } from './http-call.ts';
import { publicKeysIn } from './key-file.ts';
import { findService } from './service.ts';
import { IAM_OPTIONS } from './signature.ts';
import { valueOrInput } from './standard-input.ts';
import { inWords, pairs, table, terminalWidth, type Column } from './table.ts';
import { conditionsFrom, conditionsInWords } from './trust-conditions.ts';

const add: Command = {
  name: 'trust add',
  summary: "Let tokens of an external issuer serve as a client's",
  operands: ['<client_id>', '<token_issuer>'],
  options: {
    where: { value: 'CLAIM=VALUE', repeatable: true, help: 'A claim that must be equal; given twice for one claim, to one of them' },
    prefix: { value: 'CLAIM=TEXT', repeatable: true, help: 'A claim that must begin with a text, which ends with / or :' },
    kind: { value: 'KIND', help: `What issues them, where its URL does not say: ${ISSUER_KINDS.join(', ')}` },
    audience: { value: 'AUD', help: 'The only audience of the tokens (default: the issuer URL of this service)' },
    scope: {
      value: '"A B"',
      help: "The most that a token holds, part of the client's scope (default: the client's, without clients:manage)",
    },
    'maximum-lifetime': { value: 'TIME', help: 'Of a token got by the rule, at most 1h (default: as long as the client has)' },
    'maximum-age': { value: 'TIME', help: 'Of the external token since its issue, 1m to 24h (default: 1h)' },
    'single-use': { help: 'An external token serves once; it needs a jti (default for github and aws_sts)' },
    reusable: { help: 'An external token serves until it ends (default for all others)' },
    jwks: { value: 'FILE', help: "The issuer's public keys, where it publishes them to nobody: a JWK Set, or PEM" },
    'jwks-uri': { value: 'URL', help: 'Where it publishes them, where its metadata does not say' },
    description: { value: 'TEXT', help: 'What it is for' },
  },
  notes: [
    'VALUE is a text; behind := it is JSON, as in department:=7. CLAIM is a name, or the path to a member as a JSON array: \'["kubernetes.io","namespace"]=payments\'.',
    'A rule that strangers could satisfy is refused: docs/trust-rules.md says what each kind of issuer needs.',
  ],
  examples: [
    'cl_1 https://token.actions.githubusercontent.com --where repository_id=456789 --where environment=production',
    'cl_1 https://gitlab.com --where project_id=22 --where ref_protected=true --scope read',
    'cl_1 https://kubernetes.example.com --kind kubernetes --jwks jwks.json --where sub=system:serviceaccount:payments:billing',
    'cl_1 https://3f2a9c10-7b5d-4e8f-a1c2-d3e4f5a6b7c8.tokens.sts.global.api.aws --where sub=arn:aws:iam::111122223333:role/billing',
  ],
  run: async (call) => {
    const json = termsFrom(call);
    const rule = await (await manager(call))({ method: 'POST', path: '/trust-rules', json });
    const warnings = (rule['warnings'] ?? []) as readonly TrustRuleProblem[];
    const told = warnings.map(({ field, problem }) => `Note: ${field} ${problem}.`).join('\n');
    const next = `Which tokens it takes: ${TOOL} trust test -`;
    return { document: rule, text: [pairs(factsOf(rule, conditionsOf(rule))), told, next].filter((part) => part !== '').join('\n\n') };
  },
};

/** What is left out of the request has its default. */
function termsFrom(call: Arguments): JsonObject {
  const [clientId = '', issuer = ''] = call.operands;
  if (call.flag('single-use') && call.flag('reusable')) throw new CommandError('--single-use and --reusable exclude each other.', '', 2);
  const jwks = call.text('jwks');
  return {
    client_id: clientId,
    issuer,
    conditions: conditionsFrom(call.list('where') ?? [], call.list('prefix') ?? []),
    kind: call.text('kind'),
    audience: call.text('audience'),
    scope: call.text('scope'),
    maximum_lifetime: secondsFrom(call, 'maximum-lifetime'),
    maximum_age: secondsFrom(call, 'maximum-age'),
    single_use: call.flag('single-use') ? true : call.flag('reusable') ? false : undefined,
    jwks: jwks === undefined ? undefined : publicKeysIn(jwks),
    jwks_uri: call.text('jwks-uri'),
    description: call.text('description'),
  };
}

function secondsFrom(call: Arguments, option: string): number | undefined {
  const text = call.text(option);
  return text === undefined ? undefined : lifetimeSeconds(option, text);
}

const list: Command = {
  name: 'trust list',
  summary: 'List the trust rules',
  operands: [],
  options: {},
  examples: ['', '--json'],
  run: async (call) => {
    const items = await everyPage(await manager(call), '/trust-rules');
    return { document: { items }, text: items.length === 0 ? 'There is no trust rule.' : table(COLUMNS, items, terminalWidth()) };
  },
};

const show: Command = {
  name: 'trust show',
  summary: 'Show a trust rule',
  operands: ['<rule_id>'],
  options: {},
  examples: ['AbCdEfGhIjKlMnOp.cl_1.0123456789ab'],
  run: async (call) => {
    const rule = await (await manager(call))({ method: 'GET', path: pathOf(call) });
    return { document: rule, text: pairs(factsOf(rule, conditionsOf(rule))) };
  },
};

const remove: Command = {
  name: 'trust remove',
  summary: 'Remove a trust rule: the next token of its issuer is refused',
  operands: ['<rule_id>'],
  options: CONFIRMATION_OPTIONS,
  notes: ['Tokens that were got by it live on for their few minutes; "clients disable ID" ends them all.'],
  examples: ['AbCdEfGhIjKlMnOp.cl_1.0123456789ab --yes'],
  run: async (call) => {
    const [id = ''] = call.operands;
    await confirm(remove, call, `This removes the trust rule ${id}: workloads that it lets in get no more tokens.`);
    await (
      await manager(call)
    )({ method: 'DELETE', path: pathOf(call) });
    return { document: { removed: id }, text: `Removed. Tokens that only ${id} takes are refused from now on.` };
  },
};

const test: Command = {
  name: 'trust test',
  summary: 'Say which rule takes an external token, and why the others do not',
  operands: ['<jwt>'],
  options: {},
  notes: [
    'The service judges it as at /token, its signature included; nothing is issued, and the token is not used up. "-" reads it from standard input.',
  ],
  examples: ['-', 'eyJhbGciOi... --json'],
  run: async (call) => {
    const token = await valueOrInput(call.operands[0] ?? '');
    const verdict = await (await manager(call))({ method: 'POST', path: '/trust-rules/test', json: { token } });
    return { document: verdict, text: verdictInWords(verdict), ...(verdict['accepted'] === true ? {} : { exitCode: 1 as const }) };
  },
};

type Judged = {
  readonly id: string;
  readonly client_id: string;
  readonly mismatches: readonly Readonly<Record<'check' | 'expected' | 'found', string>>[];
};

function verdictInWords(verdict: JsonObject): string {
  const rules = (verdict['rules'] ?? []) as readonly Judged[];
  const heading =
    verdict['accepted'] === true
      ? `Accepted as ${inWords(verdict['client_id']) ?? ''}, by ${inWords(verdict['rule_id']) ?? ''}.`
      : (REFUSED[inWords(verdict['reason']) ?? ''] ?? 'Refused.');
  const blocks = rules.map(({ id, client_id: clientId, mismatches }) => {
    const lines = mismatches.map(({ check, expected, found }) => `  ${check}: expected ${expected}, found ${found}`);
    return [`${mismatches.length === 0 ? 'takes it' : 'does not'}  ${id} (${clientId})`, ...lines].join('\n');
  });
  return [heading, `Issuer ${inWords(verdict['issuer']) ?? ''}, subject ${inWords(verdict['subject']) ?? ''}`, ...blocks].join('\n\n');
}

const REFUSED: Readonly<Record<string, string>> = {
  issuer_not_trusted: 'Refused: no rule is of this issuer.',
  no_rule_matches: 'Refused: no rule takes it.',
  rule_ambiguous: 'Refused, unless the request names its client_id: rules of several clients take it.',
};

const lint: Command = {
  name: 'trust lint',
  summary: 'Look for trust rules that strangers could satisfy, or that take more than they may mean',
  operands: ['[file]'],
  options: {},
  notes: ['Of all rules, or of one in a JSON file before it is added. Ends with 1 where there is a rule that would be refused.'],
  examples: ['', 'rule.json', '--json'],
  run: async (call) => {
    const { issuer } = await findService(call);
    const [file] = call.operands;
    const rules = file === undefined ? await everyPage(await manager(call), '/trust-rules') : [ruleIn(file)];
    return lintAnswer(rules.map((rule) => findingsOf(rule, issuer)));
  },
};

type Findings = { readonly id: string; readonly refusals: readonly TrustRuleProblem[]; readonly warnings: readonly TrustRuleProblem[] };

function findingsOf({ id, created_at: _at, created_by: _by, ...terms }: JsonObject, issuer: string): Findings {
  const read = readTrustRule(terms, { issuer, loopback: issuer.startsWith('http:') ? 'allowed' : 'refused' });
  const found = read.ok ? lintTrustRule(read.value, issuer) : { refusals: [read.failure], warnings: [] };
  return { id: inWords(id) ?? '-', ...found };
}

function lintAnswer(items: readonly Findings[]): Answer {
  const lines = items.flatMap(({ id, refusals, warnings }) => [
    ...refusals.map(({ field, problem }) => `${id}: ${field} ${problem}`),
    ...warnings.map(({ field, problem }) => `${id}: note: ${field} ${problem}`),
  ]);
  const isBad = items.some(({ refusals }) => refusals.length > 0);
  return { document: { items }, text: lines.length === 0 ? 'Nothing to say.' : lines.join('\n'), ...(isBad && { exitCode: 1 as const }) };
}

function ruleIn(file: string): JsonObject {
  try {
    const rule: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof rule === 'object' && rule !== null && !Array.isArray(rule)) return rule as JsonObject;
  } catch (error) {
    throw new CommandError(`${file} cannot be read: ${(error as Error).message}`, '', 2);
  }
  throw new CommandError(`${file} is no JSON object.`, '', 2);
}

export const trust: readonly Command[] = [add, list, show, remove, test, lint].map((command) => ({
  ...command,
  options: { ...command.options, ...IAM_OPTIONS },
}));

const pathOf = (call: Arguments): string => `/trust-rules/${encodeURIComponent(call.operands[0] ?? '')}`;

const conditionsOf = (rule: JsonObject): readonly ClaimCondition[] => (rule['conditions'] ?? []) as readonly ClaimCondition[];

function factsOf({ conditions: _conditions, jwks, warnings: _warnings, ...facts }: JsonObject, conditions: readonly ClaimCondition[]) {
  const where = conditions.map(
    (condition) => [`where ${inWords(claimText(condition.claim)) ?? ''}`, inWords(conditionText(condition))] as const,
  );
  const told = Object.entries(facts).map(([name, value]) => [name, inWords(value)] as const);
  return [...told, ...where, ...(jwks === undefined ? [] : [['jwks', 'keys of its own'] as const])];
}

const column = (title: string, field: string): Column<JsonObject> => ({
  title,
  cell: (rule) => inWords(rule[field]) ?? '-',
  shrinks: true,
});
const COLUMNS: readonly Column<JsonObject>[] = [
  { title: 'RULE', cell: (rule) => inWords(rule['id']) ?? '-' },
  column('CLIENT', 'client_id'),
  column('KIND', 'kind'),
  column('ISSUER', 'issuer'),
  { title: 'WHERE', cell: (rule) => conditionsInWords(conditionsOf(rule)), shrinks: true },
  column('SCOPE', 'scope'),
];
