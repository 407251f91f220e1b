/**
 * A trust rule: which tokens of an external issuer serve as a client. Read strictly, unlike client metadata: a condition that is
 * misspelt and ignored would let in more than was meant.
 */
import { CLIENT_ID_PATTERN, type ClientMetadata } from '../clients/client.ts';
import { readClientKeys, readJwksUri } from '../clients/client-keys.ts';
import { scope, text, wholeNumber, type Reader } from '../clients/client-metadata.ts';
import { MAXIMUM } from '../clients/maximum-lengths.ts';
import { rfc3339 } from '../clients/time.ts';
import { ok, refuse, type Result } from '../result.ts';
import { formatScope } from '../tokens/scope.ts';
import { readConditions, type ClaimCondition } from './claim-condition.ts';
import { ISSUER_KINDS, KNOWN_ISSUERS, kindOfIssuer, type IssuerKind } from './known-issuers.ts';

export type TrustRuleTerms = {
  readonly description?: string;
  readonly kind: IssuerKind;
  /** As `iss` of its tokens is, to the letter. */
  readonly issuer: string;
  readonly client_id: string;
  /** The only `aud` of its tokens. */
  readonly audience: string;
  /** All must hold. */
  readonly conditions: readonly ClaimCondition[];
  /** The most that a token got by the rule holds; absent = what the client may, without managing clients. */
  readonly scope?: readonly string[];
  /** Of a token got by the rule, seconds; absent = as long as the client's others. */
  readonly maximum_lifetime?: number;
  /** Of the external token when it is presented, seconds since its `iat`. */
  readonly maximum_age: number;
  /** Whether an external token serves once; it then needs a `jti`. */
  readonly single_use: boolean;
  /** The issuer's keys, where nobody can ask it for them; absent = those that it publishes. */
  readonly jwks?: NonNullable<ClientMetadata['jwks']>;
  /** Where it publishes them, where that is not for its metadata to say. */
  readonly jwks_uri?: string;
};

export type TrustRule = TrustRuleTerms & {
  readonly id: string;
  /** Of the client when the rule was made: a later client of the same id is another. Epoch seconds. */
  readonly client_id_issued_at: number;
  /** Epoch seconds. */
  readonly created_at: number;
  readonly created_by: string;
};

/** `problem` in words for the caller. */
export type TrustRuleProblem = { readonly field: string; readonly problem: string };

export const AGE_MAX_SECONDS = 24 * 3600;
const AGE_DEFAULT_SECONDS = 3600;

/** Of one issuer, and of those one client's; requests that race for the last places may exceed it by as many as they are. */
export const RULES_MAX = { ofIssuer: 200, ofClient: 20 } as const;

const DIGEST = '[A-Za-z0-9_-]{16}';
/** `<digest of the issuer>.<client id>.<random>`: it says where the rule is stored. */
export const TRUST_RULE_ID_PATTERN = new RegExp(`^${DIGEST}\\.[A-Za-z0-9_-]{1,64}\\.[0-9a-f]{12}$`);

export type ReadingOptions = {
  /** The audience where the rule names none. */
  readonly issuer: string;
  /** Allowed on one machine alone: issuers of this machine itself, without TLS. */
  readonly loopback: 'refused' | 'allowed';
};

const flag: Reader<boolean> = (value) => (typeof value === 'boolean' ? ok(value) : refuse('must be true or false'));
const kind: Reader<IssuerKind> = (value) => {
  const known = ISSUER_KINDS.find((candidate) => candidate === value);
  return known === undefined ? refuse(`must be one of ${ISSUER_KINDS.join(', ')}`) : ok(known);
};
const clientId: Reader<string> = (value) =>
  typeof value === 'string' && CLIENT_ID_PATTERN.test(value) ? ok(value) : refuse("must be a client's id");

const FIELDS: { readonly [K in Exclude<keyof TrustRuleTerms, 'issuer' | 'jwks_uri'>]-?: Reader<NonNullable<TrustRuleTerms[K]>> } = {
  description: text(MAXIMUM.clientName),
  kind,
  client_id: clientId,
  audience: text(MAXIMUM.audience),
  conditions: readConditions,
  scope,
  maximum_lifetime: wholeNumber(1, MAXIMUM.accessTokenLifetimeSeconds),
  maximum_age: wholeNumber(60, AGE_MAX_SECONDS),
  single_use: flag,
  jwks: readClientKeys,
};
const REQUIRED = ['issuer', 'client_id', 'conditions'];

/** @param input a JSON object; `null` means the same as absent. */
export function readTrustRule(input: Readonly<Record<string, unknown>>, options: ReadingOptions): Result<TrustRuleTerms, TrustRuleProblem> {
  const readers: Readonly<Record<string, Reader<unknown>>> = {
    ...FIELDS,
    issuer: (value) => readIssuer(value, options.loopback),
    jwks_uri: (value) => (isLoopbackUrl(value, options.loopback) ? ok(value) : readJwksUri(value)),
  };
  const read: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(input)) {
    if (value === null) continue;
    const reader = Object.hasOwn(readers, field) ? readers[field] : undefined;
    if (reader === undefined) return refuse({ field, problem: 'is not a member of a trust rule' });
    const reading = reader(value);
    if (!reading.ok) return refuse({ field, problem: reading.failure });
    read[field] = reading.value;
  }
  const missing = REQUIRED.find((field) => read[field] === undefined);
  if (missing !== undefined) return refuse({ field: missing, problem: 'is missing' });
  return completed(read as Partial<TrustRuleTerms> & Required<Pick<TrustRuleTerms, 'issuer' | 'client_id' | 'conditions'>>, options);
}

type Asked = Partial<TrustRuleTerms> & Required<Pick<TrustRuleTerms, 'issuer' | 'client_id' | 'conditions'>>;

function completed(asked: Asked, { issuer }: ReadingOptions): Result<TrustRuleTerms, TrustRuleProblem> {
  const known = kindOfIssuer(asked.issuer);
  if (known !== undefined && asked.kind !== undefined && asked.kind !== known)
    return refuse({ field: 'kind', problem: `is ${known} for this issuer` });
  if (asked.jwks !== undefined && asked.jwks_uri !== undefined)
    return refuse({ field: 'jwks_uri', problem: 'must not be there beside jwks' });
  const chosen = known ?? asked.kind ?? 'oidc';
  const { freshTokens } = KNOWN_ISSUERS[chosen];
  const named = { client_id: asked.client_id, issuer: asked.issuer, kind: chosen };
  return ok({ ...named, audience: issuer, maximum_age: AGE_DEFAULT_SECONDS, single_use: freshTokens, ...asked, kind: chosen });
}

/** An `iss` that could be nothing else: https, and written the one way in which it is written (RFC 8414 section 2). */
function readIssuer(value: unknown, loopback: ReadingOptions['loopback']): Result<string, string> {
  if (typeof value !== 'string' || !URL.canParse(value)) return refuse('must be an https URL');
  if (value.length > MAXIMUM.audience) return refuse(`must be at most ${MAXIMUM.audience} characters`);
  const url = new URL(value);
  const problem = spellingProblem(value, url) ?? (isLoopbackUrl(value, loopback) ? undefined : hostProblem(url));
  return problem === undefined ? ok(value) : refuse(problem);
}

function spellingProblem(value: string, { username, password, href, hostname }: URL): string | undefined {
  if (username !== '' || password !== '' || /[?#]/.test(value)) return 'must have no credentials, query and fragment';
  // Upper case, a default port, dots in the path, other alphabets: what the eye and a parser could take for two things.
  return (href === value || href === `${value}/`) && !hostname.includes('xn--') ? undefined : `must be written plainly, as in ${href}`;
}

function hostProblem({ protocol, hostname }: URL): string | undefined {
  if (protocol !== 'https:') return 'must be an https URL';
  return /^[\d.]+$|^\[/.test(hostname) ? 'must name a host, not an address' : undefined;
}

const isLoopbackUrl = (value: unknown, loopback: ReadingOptions['loopback']): value is string =>
  loopback === 'allowed' &&
  typeof value === 'string' &&
  URL.canParse(value) &&
  ['127.0.0.1', '[::1]', 'localhost'].includes(new URL(value).hostname);

/** As it is on the wire, and as it is stored. */
export const trustRuleDocument = ({ scope: scopes, ...terms }: TrustRuleTerms): Readonly<Record<string, unknown>> => ({
  ...terms,
  ...(scopes && { scope: formatScope(scopes) }),
});

export const trustRuleAnswer = ({ id, client_id_issued_at: _, created_at: at, created_by, ...terms }: TrustRule) => ({
  id,
  ...trustRuleDocument(terms),
  created_at: rfc3339(at),
  created_by,
});
