/**
 * A workload that comes with the token of an external issuer, as client authentication (RFC 7523 section 2.2) or as a grant (section 2.1):
 * its rules, beside the limits and the client where the request names one → the client as it stands → spent, last of all, by one conditional
 * write where the rule lets a token serve once.
 */
import { authenticateByExternalToken } from '../client-authentication/authenticate-by-external-token.ts';
import { CLIENT_ASSERTION_TYPE } from '../client-authentication/client-assertion.ts';
import type { AuthenticatedClient } from '../client-authentication/authenticate.ts';
import { readExternalToken, singleUseOf } from '../client-authentication/external-token.ts';
import { networkOf } from '../client-authentication/network.ts';
import { presentedMethods } from '../client-authentication/presented.ts';
import { CLIENT_ID_PATTERN } from '../clients/client.ts';
import { JWT_BEARER } from '../grants/jwt-bearer.ts';
import { nowSeconds, type HttpRequest } from '../http/message.ts';
import type { Parameters } from '../http/parameters.ts';
import { ok, refuse, type Result } from '../result.ts';
import { admit, type AdmissionDeps, type Admitted } from './admission.ts';
import type { SpendingDeps } from './dpop.ts';
import { examineExternalToken, type ExaminedExternalToken, type ExternalTokenDeps, type ExternalTokenFault } from './external-token.ts';
import type { Failure, RateFailure } from './failure.ts';
import { freshId } from './fresh-id.ts';
import type { Trail } from './trail.ts';

/** Refused as client authentication is, or as a grant is (RFC 7523 sections 3.1 and 3.2). */
export type ExternalTokenFailure =
  ({ readonly reason: 'external_token_refused' } & Refusal) | ({ readonly reason: 'grant_assertion_refused' } & Refusal);
type Refusal = Omit<ExternalTokenFault, 'cause'> & { readonly cause: string };

export type PresentedExternalToken = {
  readonly method: 'federated';
  readonly assertion: string;
  /** As the request says; undefined = whichever client the rules say. */
  readonly clientId: string | undefined;
  readonly refusal: ExternalTokenFailure['reason'];
};

/** Undefined where the request is of another kind; its other credentials are then judged as ever. */
export function presentedExternalToken(request: HttpRequest, parameters: Parameters): Result<PresentedExternalToken, Failure> | undefined {
  if (request.iam !== undefined) return undefined;
  const clientId = parameters.get('client_id');
  const methods = presentedMethods(request.headers, parameters);
  if (parameters.get('grant_type') === JWT_BEARER) {
    const assertion = parameters.get('assertion');
    if (assertion === undefined) return refuse({ reason: 'parameter_missing', parameter: 'assertion' });
    // The assertion says already who asks; a second proof could say otherwise.
    if (methods.length > 0) return refuse({ reason: 'several_methods' });
    return presented(assertion, clientId, 'grant_assertion_refused');
  }
  const assertion = parameters.get('client_assertion');
  const isAlone = methods.length === 1 && parameters.get('client_assertion_type') === CLIENT_ASSERTION_TYPE;
  if (assertion === undefined || !isAlone || parameters.get('grant_type') !== 'client_credentials') return undefined;
  // A client that signs for itself says its own id, which is no URL.
  return readExternalToken(assertion) === undefined ? undefined : presented(assertion, clientId, 'external_token_refused');
}

function presented(
  assertion: string,
  clientId: string | undefined,
  refusal: ExternalTokenFailure['reason'],
): Result<PresentedExternalToken, Failure> {
  if (clientId !== undefined && !CLIENT_ID_PATTERN.test(clientId))
    return refuse({ reason: refusal, ...NOTHING_SAID, cause: 'client_id_malformed' });
  return ok({ method: 'federated', assertion, clientId, refusal });
}

const NOTHING_SAID = { issuer: '', subject: '', rule: '', detail: '' };

export type ExternalCallerDeps = AdmissionDeps & { readonly external: ExternalTokenDeps };

export type ExternalCaller = {
  readonly caller: AuthenticatedClient;
  readonly examined: ExaminedExternalToken;
  readonly admitted: Admitted;
};

export async function proveExternalCaller(
  trail: Trail,
  { assertion, clientId, refusal }: PresentedExternalToken,
  deps: ExternalCallerDeps,
): Promise<Result<ExternalCaller, Failure>> {
  const { request } = trail;
  const examine = () => examineExternalToken(assertion, clientId, request.nowMs, deps.external);
  const [examined, admitted] =
    clientId === undefined
      ? await oneAfterTheOther(trail, examine, deps)
      : await Promise.all([examine(), admit(trail, clientId, {}, deps)]);
  if (!admitted.ok) return admitted;
  if (!examined.ok) return refuse({ reason: refusal, ...examined.failure });
  const { token, rule } = examined.value;
  if (admitted.value === undefined) throw new TypeError('a token that a rule takes has a client that is admitted');
  const { client } = admitted.value;
  const caller = authenticateByExternalToken(token, rule, { client, ip: request.ip, now: nowSeconds(request) });
  if (caller.ok) return ok({ caller: caller.value, examined: examined.value, admitted: admitted.value });
  if (refusal === 'external_token_refused') return caller;
  return refuse({ reason: refusal, ...NOTHING_SAID, cause: caller.failure.reason, rule: rule.id });
}

type Examined = Awaited<ReturnType<typeof examineExternalToken>>;
type MaybeAdmitted = Result<Admitted | undefined, Failure>;

/** Which client it is only the rule says. Networks that come with tokens which no rule takes are bounded as those of strangers are. */
async function oneAfterTheOther(trail: Trail, examine: () => Promise<Examined>, deps: AdmissionDeps): Promise<[Examined, MaybeAdmitted]> {
  const { nowMs, ip } = trail.request;
  const network = networkOf(ip);
  const stranger = `assertions of ${network}`;
  const limited = refusedAsStranger(network, stranger, nowMs, deps);
  if (limited !== undefined) return [refuse(UNEXAMINED), refuse(limited)];
  const examined = await examine();
  deps.strangers.learn(network, stranger, examined.ok, nowMs);
  return [examined, examined.ok ? await admit(trail, examined.value.rule.client_id, {}, deps) : ok(undefined)];
}

const UNEXAMINED: ExternalTokenFault = { ...NOTHING_SAID, cause: 'token_malformed' };

function refusedAsStranger(network: string, stranger: string, nowMs: number, deps: AdmissionDeps): RateFailure | undefined {
  if (deps.rateLimit.perMinute === 0) return undefined;
  const way = deps.strangers.admit(network, stranger, nowMs);
  if (way.way !== 'refused') return undefined;
  return { reason: 'rate_limited', limit: 'unknown_clients', network, retryAfterSeconds: way.retryAfterSeconds };
}

/** To be awaited before anything leaves: no call where the rule lets a token serve more than once. */
export async function spendExternalToken(
  trail: Trail,
  { token, rule }: ExaminedExternalToken,
  { refusal }: Pick<PresentedExternalToken, 'refusal'>,
  { oneTime, random }: SpendingDeps,
): Promise<Result<undefined, ExternalTokenFailure>> {
  if (!rule.single_use) return ok(undefined);
  const once = singleUseOf(token);
  const now = nowSeconds(trail.request);
  // For all clients and rules of the issuer together: whoever has used it, it is used.
  const isFirst =
    once !== undefined &&
    (await oneTime.spend({ use: 'federated', of: rule.issuer, value: once.jti, until: once.until }, freshId(random), now));
  return isFirst
    ? ok(undefined)
    : refuse({ reason: refusal, ...NOTHING_SAID, cause: 'token_replayed', issuer: rule.issuer, rule: rule.id });
}
