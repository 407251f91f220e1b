/**
 * GET|POST /trust-rules, GET|DELETE /trust-rules/{rule_id} and POST /trust-rules/test: which tokens of external issuers serve as which client.
 * A rule is a credential of its client: whoever adds one may act as it. Rules are never changed: one is added, another removed.
 */
import * as events from '../audit/events.ts';
import { chooseRule, readExternalToken, shown, type RuleJudgement } from '../client-authentication/external-token.ts';
import { clientOfRule, trustRuleId } from '../client-authentication/trust-rule-id.ts';
import { lintTrustRule } from '../client-authentication/trust-rule-lint.ts';
import {
  readTrustRule,
  RULES_MAX,
  TRUST_RULE_ID_PATTERN,
  trustRuleAnswer,
  type ReadingOptions,
  type TrustRule,
  type TrustRuleProblem,
} from '../client-authentication/trust-rule.ts';
import { readJsonObject } from '../http/json-body.ts';
import { nowSeconds } from '../http/message.ts';
import { Outage } from '../outage.ts';
import { ok, refuse, type Result } from '../result.ts';
import { judgeByRules, type ExternalTokenDeps } from './external-token.ts';
import type { Failure } from './failure.ts';
import { by, findClientById, isUnrestricted, isVisible, type Answer, type ManagedClientDeps, type Manager } from './managed-client.ts';
import { readPageQuery } from './page-query.ts';
import type { TrustRuleStore } from './stores.ts';
import { factsOf, type Trail } from './trail.ts';

export type TrustRulesDeps = ManagedClientDeps & {
  readonly trustRules: TrustRuleStore;
  readonly external: ExternalTokenDeps;
  readonly loopbackIssuers: ReadingOptions['loopback'];
  readonly random: (bytes: number) => Uint8Array;
};

export function manageTrustRules(trail: Trail, manager: Manager, deps: TrustRulesDeps): Promise<Result<Answer, Failure>> {
  switch (trail.request.routeKey) {
    case 'POST /trust-rules':
      return addRule(trail, manager, deps);
    case 'POST /trust-rules/test':
      return testToken(trail, manager, deps);
    case 'GET /trust-rules/{rule_id}':
      return showRule(trail, manager, deps);
    case 'DELETE /trust-rules/{rule_id}':
      return removeRule(trail, manager, deps);
    default:
      return listRules(trail, manager, deps);
  }
}

async function addRule(trail: Trail, manager: Manager, deps: TrustRulesDeps): Promise<Result<Answer, Failure>> {
  const body = readJsonObject(trail.request);
  if (!body.ok) return body;
  const terms = readTrustRule(body.value, { issuer: deps.issuer, loopback: deps.loopbackIssuers });
  if (!terms.ok) return refuse(invalid(terms.failure));
  const { refusals, warnings } = lintTrustRule(terms.value, deps.issuer);
  const [refusal] = refusals;
  if (refusal !== undefined) return refuse(invalid(refusal));
  const { issuer, client_id: clientId, scope = [] } = terms.value;
  const client = await findClientById(clientId, manager, 'arm', deps);
  if (!client.ok) return client;
  const beyond = scope.find((token) => !client.value.scope.includes(token));
  if (beyond !== undefined) return refuse(invalid({ field: 'scope', problem: "must be part of the client's scope" }));
  if (!(await hasRoom(issuer, clientId, deps))) return refuse({ reason: 'trust_rules_too_many' });
  const rule: TrustRule = {
    ...terms.value,
    id: trustRuleId(issuer, clientId, deps.random(6)),
    client_id_issued_at: client.value.client_id_issued_at,
    created_at: nowSeconds(trail.request),
    created_by: manager.name,
  };
  const event = events.trustRuleAdded(factsOf(trail), { client_id: clientId, reason: `${by(manager)} ${rule.id}` });
  // 48 random bits within one client's rules of one issuer: somebody else's is as good as impossible.
  if (!(await deps.trustRules.create(rule, event))) throw new Outage('dynamodb:PutItem', { cause: new Error('this id is taken') });
  return ok({ status: 201, body: { ...trustRuleAnswer(rule), warnings } });
}

const invalid = (problem: TrustRuleProblem) => ({ reason: 'trust_rule_invalid', ...problem }) as const;

async function hasRoom(issuer: string, clientId: string, { trustRules }: TrustRulesDeps): Promise<boolean> {
  const rules = await trustRules.ofIssuer(issuer, undefined);
  return rules.length < RULES_MAX.ofIssuer && rules.filter((rule) => rule.client_id === clientId).length < RULES_MAX.ofClient;
}

async function listRules(trail: Trail, manager: Manager, deps: TrustRulesDeps): Promise<Result<Answer, Failure>> {
  const query = readPageQuery(trail.request);
  if (!query.ok) return query;
  const page = await deps.trustRules.list(query.value);
  if (page === undefined) return refuse({ reason: 'query_invalid', parameter: 'cursor' });
  const visible = await visibleRules(page.items, manager, deps);
  return ok({ status: 200, body: { items: visible.map(trustRuleAnswer), next: page.next ?? null } });
}

async function showRule(trail: Trail, manager: Manager, deps: TrustRulesDeps): Promise<Result<Answer, Failure>> {
  const id = ruleIdInPath(trail);
  const rule = id === undefined ? undefined : await deps.trustRules.read(id);
  const [visible] = rule === undefined ? [] : await visibleRules([rule], manager, deps);
  return visible === undefined ? UNKNOWN : ok({ status: 200, body: trustRuleAnswer(visible) });
}

/** Refused from the next request on; a rule of a client that is gone goes too. Removing it once more is no mistake. */
async function removeRule(trail: Trail, manager: Manager, deps: TrustRulesDeps): Promise<Result<Answer, Failure>> {
  const id = ruleIdInPath(trail);
  if (id === undefined) return UNKNOWN;
  const clientId = clientOfRule(id);
  if (!isUnrestricted(manager)) {
    const client = await findClientById(clientId, manager, 'end', deps);
    if (!client.ok) return client.failure.reason === 'client_unknown' ? UNKNOWN : client;
  }
  const event = events.trustRuleRemoved(factsOf(trail), { client_id: clientId, reason: `${by(manager)} ${id}` });
  return (await deps.trustRules.remove(id, event, nowSeconds(trail.request))) ? ok({ status: 204, body: undefined }) : UNKNOWN;
}

const UNKNOWN = refuse({ reason: 'trust_rule_unknown' } as const);

/** Anything but the form of a rule's id is none, and never becomes part of a key. */
function ruleIdInPath({ request }: Trail): string | undefined {
  const id = request.pathParameters.get('rule_id') ?? '';
  return TRUST_RULE_ID_PATTERN.test(id) ? id : undefined;
}

/** `{"token", "client_id"?}`: what would become of it. Nothing is issued, and nothing spent. */
async function testToken(trail: Trail, manager: Manager, deps: TrustRulesDeps): Promise<Result<Answer, Failure>> {
  const body = readJsonObject(trail.request);
  if (!body.ok) return body;
  const { token: text } = body.value;
  const token = typeof text === 'string' ? readExternalToken(text) : undefined;
  if (token === undefined) return refuse(invalid({ field: 'token', problem: 'must be a signed JWT whose iss is a URL' }));
  const judgements = await visibleJudgements(await judgeByRules(token, undefined, trail.request.nowMs, deps.external), manager, deps);
  const choice = chooseRule(judgements);
  return ok({
    status: 200,
    body: {
      issuer: token.issuer,
      subject: shown(token.claims['sub']),
      accepted: choice.ok,
      ...(choice.ok ? { rule_id: choice.value.id, client_id: choice.value.client_id } : { reason: choice.failure }),
      rules: judgements.map(({ rule, mismatches }) => ({
        id: rule.id,
        client_id: rule.client_id,
        description: rule.description,
        accepts: mismatches.length === 0,
        mismatches,
      })),
    },
  });
}

async function visibleJudgements(judgements: readonly RuleJudgement[], manager: Manager, deps: TrustRulesDeps) {
  const visible = new Set(
    await visibleRules(
      judgements.map(({ rule }) => rule),
      manager,
      deps,
    ),
  );
  return judgements.filter(({ rule }) => visible.has(rule));
}

/** A manager with `manages_tags` sees those of its clients alone: one read for each client, where it is restricted. */
async function visibleRules(rules: readonly TrustRule[], manager: Manager, { clients }: TrustRulesDeps): Promise<readonly TrustRule[]> {
  if (isUnrestricted(manager)) return rules;
  const ids = [...new Set(rules.map((rule) => rule.client_id))];
  const found = await Promise.all(ids.map((id) => clients.read(id)));
  const visible = new Set(found.filter((client) => client !== undefined && isVisible(client, manager)).map((client) => client?.client_id));
  return rules.filter((rule) => visible.has(rule.client_id));
}
