/**
 * What is known of those who issue tokens to workloads: which of their claims name somebody for ever, and which are names that another can
 * take up later. Sources: the issuers' own documentation of their claims, cited beside each.
 */
import type { ClaimName } from './claim-condition.ts';

export const ISSUER_KINDS = ['github', 'gitlab', 'kubernetes', 'aws_sts', 'google', 'azure', 'spiffe', 'oidc'] as const;
export type IssuerKind = (typeof ISSUER_KINDS)[number];

/** A claim whose value names a workload, or its owner, that nobody else can become. */
export type IdentityClaim = {
  readonly claim: ClaimName;
  /** What its value looks like; another form of it is a name that may change hands. */
  readonly form: RegExp;
  /** What a prefix of it must look like to name no more than one owner's workloads; absent = a prefix never does. */
  readonly prefixForm?: RegExp;
  /** What is left open where it is the only one, in words for whoever makes a rule. */
  readonly leavesOpen?: string;
};

export type KnownIssuer = {
  /** Whether the issuer is of this kind, whatever anybody says. */
  readonly isIssuer: (issuer: URL) => boolean;
  /** A rule must fix one of these. */
  readonly identities: readonly IdentityClaim[];
  /** Which claims to take, for whoever has taken none of them. */
  readonly advice: string;
  /** Of these a rule should fix one too, or take more than it may mean. */
  readonly narrowing?: { readonly claims: readonly string[]; readonly warning: string };
  /** Whether the workload gets a fresh token as often as it asks, so that each may serve once. */
  readonly freshTokens: boolean;
  /** Whether everybody can ask the issuer for its keys: then a rule brings none along. */
  readonly publishesKeys: boolean;
};

const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const NUMBER = /^\d{1,32}$/;
const uuid = new RegExp(`^${UUID}$`);
const AZURE_PATH = new RegExp(`^/${UUID}(?:/v2\\.0|/)$`);

export const KNOWN_ISSUERS: Readonly<Record<IssuerKind, KnownIssuer>> = {
  // docs.github.com/actions/reference/security/oidc. Since 2026 the subject of new repositories holds the ids: repo:octo@123/app@456:...
  github: {
    isIssuer: ({ hostname }) => hostname === 'token.actions.githubusercontent.com',
    identities: [
      { claim: 'repository_id', form: NUMBER },
      { claim: 'repository_owner_id', form: NUMBER, leavesOpen: 'every repository of the owner' },
      { claim: 'sub', form: /^repo:[^@/:]+@\d+\/[^@/:]+@\d+:./, prefixForm: /^repo:[^@/:]+@\d+\/[^@/:]+@\d+:/ },
    ],
    advice: 'repository_id (and repository_owner_id), as texts of digits: a name can be taken up by somebody else once it is given up',
    narrowing: {
      claims: ['sub', 'ref', 'environment', 'job_workflow_ref', 'workflow_ref'],
      warning: 'any workflow on any branch, pull requests included: fix environment, ref or job_workflow_ref too',
    },
    freshTokens: true,
    publishesKeys: true,
  },
  // docs.gitlab.com/ci/secrets/id_token_authentication: ids are texts; one token a job, set when it starts.
  gitlab: {
    isIssuer: ({ hostname }) => hostname === 'gitlab.com',
    identities: [
      { claim: 'project_id', form: NUMBER },
      { claim: 'namespace_id', form: NUMBER, leavesOpen: 'every project of the group' },
    ],
    advice: 'project_id (and namespace_id), as texts of digits: a path can be taken up by somebody else once it is given up',
    narrowing: {
      claims: ['sub', 'ref', 'ref_protected', 'environment', 'environment_protected'],
      warning: 'any branch, merge requests included: fix ref_protected "true", ref or environment too',
    },
    freshTokens: false,
    publishesKeys: false,
  },
  // kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin; the API server, or EKS, GKE or AKS for it, issues.
  kubernetes: {
    isIssuer: ({ hostname, pathname }) =>
      /^oidc\.eks\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?$/.test(hostname) ||
      /^[a-z0-9-]+\.oic\.prod-aks\.azure\.com$/.test(hostname) ||
      (hostname === 'container.googleapis.com' && pathname.startsWith('/v1/projects/')),
    identities: [
      {
        claim: 'sub',
        form: /^system:serviceaccount:[a-z0-9-]+:[a-z0-9.-]+$/,
        prefixForm: /^system:serviceaccount:[a-z0-9-]+:$/,
        leavesOpen: 'an account that is deleted and made again under its name, or with a prefix every account of the namespace',
      },
      { claim: ['kubernetes.io', 'serviceaccount', 'uid'], form: uuid },
    ],
    advice: 'sub, system:serviceaccount:NAMESPACE:NAME',
    freshTokens: false,
    publishesKeys: false,
  },
  // docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_outbound_token_claims.html; an issuer for each account.
  aws_sts: {
    isIssuer: ({ hostname }) => hostname.endsWith('.tokens.sts.global.api.aws'),
    identities: [{ claim: 'sub', form: /^arn:aws[a-z-]*:iam::\d{12}:(?:role|user)\/.+$/ }],
    advice: 'sub, the ARN of the role: arn:aws:iam::111122223333:role/NAME',
    freshTokens: true,
    publishesKeys: true,
  },
  // cloud.google.com/compute/docs/instances/verifying-instance-identity: sub is the account's number, which is never given again.
  google: {
    isIssuer: ({ hostname }) => hostname === 'accounts.google.com',
    identities: [
      { claim: 'sub', form: NUMBER },
      { claim: ['google', 'compute_engine', 'instance_id'], form: NUMBER },
    ],
    advice: "sub, the service account's unique id of digits: anybody has an account there, and an e-mail address can change hands",
    freshTokens: false,
    publishesKeys: true,
  },
  // learn.microsoft.com/entra/identity-platform/access-token-claims-reference: oid is the object, in the tenant that the issuer names.
  azure: {
    isIssuer: ({ hostname }) => hostname === 'login.microsoftonline.com' || hostname === 'sts.windows.net',
    identities: [{ claim: 'oid', form: uuid }],
    advice: 'oid, the object id of the managed identity or service principal',
    freshTokens: false,
    publishesKeys: true,
  },
  // spiffe.io/docs/latest/spiffe-specs/jwt-svid: sub is the SPIFFE ID. `iss` must be switched on (SPIRE's jwt_issuer).
  spiffe: {
    isIssuer: () => false,
    identities: [
      {
        claim: 'sub',
        form: /^spiffe:\/\/[a-z0-9._-]+(?:\/[A-Za-z0-9._-]+)+$/,
        prefixForm: /^spiffe:\/\/[a-z0-9._-]+(?:\/[A-Za-z0-9._-]+)+\/$/,
      },
    ],
    advice: 'sub, the SPIFFE ID: spiffe://TRUST-DOMAIN/PATH',
    freshTokens: false,
    publishesKeys: false,
  },
  oidc: {
    isIssuer: () => false,
    identities: [{ claim: 'sub', form: /./ }],
    advice: 'sub, which is never given to another ("locally unique and never reassigned": OpenID Connect Core section 2)',
    freshTokens: false,
    publishesKeys: false,
  },
};

/** The kind that an issuer is known to be of; undefined for one that could be anything. */
export const kindOfIssuer = (issuer: string): IssuerKind | undefined => {
  const url = URL.canParse(issuer) ? new URL(issuer) : undefined;
  return url && ISSUER_KINDS.find((kind) => KNOWN_ISSUERS[kind].isIssuer(url));
};

/** One tenant's: `common` and its like stand for everybody's. */
export const isTenantOfAzure = (issuer: string): boolean => AZURE_PATH.test(new URL(issuer).pathname);

/** Hosts that are worth imitating. */
const IMITATED = [
  'token.actions.githubusercontent.com',
  'gitlab.com',
  'accounts.google.com',
  'login.microsoftonline.com',
  'sts.windows.net',
  'tokens.sts.global.api.aws',
  'container.googleapis.com',
];
/** A shorter name is part of too many honest ones (`gitlab.company.example`). */
const DISTINCT_LENGTH = 15;

/** The host that this one could be taken for and is not. @param hostname lower case, ASCII. */
export function imitatedHost(hostname: string): string | undefined {
  return IMITATED.find((real) => {
    if (hostname === real || hostname.endsWith(`.${real}`)) return false;
    const isDistinct = real.length >= DISTINCT_LENGTH;
    if (isDistinct && skeleton(hostname).includes(skeleton(real))) return true;
    return skeleton(hostname) === skeleton(real) || editsBetween(hostname, real) <= (isDistinct ? 2 : 1);
  });
}

/** Without what the eye passes over. */
const skeleton = (host: string): string => host.replace(/[.-]/g, '').replace(/rn/g, 'm').replace(/[1i]/g, 'l').replace(/0/g, 'o');

/** Levenshtein's distance. */
function editsBetween(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let at = 1; at <= one.length; at += 1) {
    const next = [at];
    for (let to = 1; to <= other.length; to += 1) {
      const replaced = (row[to - 1] ?? 0) + (one[at - 1] === other[to - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[to] ?? 0) + 1, (next[to - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}
