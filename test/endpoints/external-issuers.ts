// External issuers as they are: their metadata, their keys, and tokens with the claims that they put in.
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { ISSUER } from './service-under-test.ts';

type Json = Readonly<Record<string, unknown>>;
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

export type ExternalIssuer = {
  readonly url: string;
  readonly jwks: { readonly keys: readonly Json[] };
  /** What it answers at each address. */
  readonly documents: ReadonlyMap<string, unknown>;
  /** A token of it. `undefined` takes a claim or a header member away. */
  token(claims: Json, header?: Json): string;
};

/** Making an RSA key takes a while: no two of eight issuers in a row have the same. */
const pairs: ReturnType<typeof newPair>[] = [];
const newPair = () => generateKeyPairSync('rsa', { modulusLength: 2048 });
function nextPair(): ReturnType<typeof newPair> {
  const pair = pairs.length < 8 ? newPair() : pairs.shift()!;
  pairs.push(pair);
  return pair;
}

/** @param jwksUri where its keys are, where that is not below its own address. */
export function externalIssuer(url: string, jwksUri = `${url.replace(/\/$/, '')}/.well-known/jwks`): ExternalIssuer {
  const { publicKey, privateKey } = nextPair();
  const kid = `key-of-${new URL(url).hostname}`;
  const jwks = { keys: [{ ...(publicKey.export({ format: 'jwk' }) as Json), kid, use: 'sig', alg: 'RS256' }] };
  return {
    url,
    jwks,
    documents: new Map<string, unknown>([
      [`${url.replace(/\/$/, '')}/.well-known/openid-configuration`, { issuer: url, jwks_uri: jwksUri }],
      [jwksUri, jwks],
    ]),
    token: (claims, header = {}) => signed({ alg: 'RS256', kid, typ: 'JWT', ...header }, { iss: url, ...claims }, privateKey),
  };
}

export function signed(header: Json, claims: Json, key: KeyObject): string {
  const input = `${encode(header)}.${encode(claims)}`;
  return `${input}.${sign('sha256', Buffer.from(input), key).toString('base64url')}`;
}

export type Workload = {
  readonly kind: string;
  readonly issuer: string;
  readonly jwksUri?: string;
  readonly rule: Json;
  /** As the issuer's documentation shows them; times and `jti` are the test's. */
  readonly claims: Json;
  /** Whether its tokens have a `jti`. */
  readonly hasJti: boolean;
  readonly header?: Json;
  /** Somebody else's at the same issuer, who must not get in. */
  readonly stranger: Json;
};

const equals = (claim: unknown, value: unknown) => ({ claim, equals: value });

/** One workload of each kind. */
export const WORKLOADS: readonly Workload[] = [
  {
    kind: 'github',
    issuer: 'https://token.actions.githubusercontent.com',
    rule: {
      conditions: [equals('repository_id', '456789'), equals('repository_owner_id', '123456'), equals('environment', 'production')],
    },
    hasJti: true,
    claims: {
      sub: 'repo:octocat@123456/my-repo@456789:environment:production',
      aud: ISSUER,
      environment: 'production',
      ref: 'refs/heads/main',
      sha: 'd1a54e8d1c5a4b0f9a8e7c6b5a4d3e2f1a0b9c8d',
      repository: 'octocat/my-repo',
      repository_id: '456789',
      repository_owner: 'octocat',
      repository_owner_id: '123456',
      repository_visibility: 'private',
      run_id: '9876543210',
      run_number: '10',
      run_attempt: '1',
      runner_environment: 'github-hosted',
      actor: 'octocat',
      actor_id: '12',
      workflow: 'deploy',
      workflow_ref: 'octocat/my-repo/.github/workflows/deploy.yml@refs/heads/main',
      job_workflow_ref: 'octocat/my-repo/.github/workflows/deploy.yml@refs/heads/main',
      head_ref: '',
      base_ref: '',
      event_name: 'push',
      ref_type: 'branch',
      ref_protected: 'true',
    },
    // The name was given up, and somebody else has taken it.
    stranger: { repository_id: '999999', repository_owner_id: '888888', sub: 'repo:octocat@888888/my-repo@999999:environment:production' },
  },
  {
    kind: 'gitlab',
    issuer: 'https://gitlab.com',
    jwksUri: 'https://gitlab.com/oauth/discovery/keys',
    rule: { conditions: [equals('project_id', '22'), equals('ref_protected', 'true'), equals('ref', 'main')] },
    hasJti: true,
    claims: {
      sub: 'project_path:mygroup/myproject:ref_type:branch:ref:main',
      aud: ISSUER,
      namespace_id: '72',
      namespace_path: 'mygroup',
      project_id: '22',
      project_path: 'mygroup/myproject',
      user_id: '1',
      user_login: 'sample-user',
      user_email: 'sample-user@example.com',
      pipeline_id: '574',
      pipeline_source: 'push',
      job_id: '302',
      ref: 'main',
      ref_type: 'branch',
      ref_path: 'refs/heads/main',
      ref_protected: 'true',
      runner_id: 1,
      runner_environment: 'gitlab-hosted',
      sha: '714a629c0b401fdce83e847fc9589983fc6f46bc',
      project_visibility: 'private',
    },
    stranger: { project_id: '23' },
  },
  {
    kind: 'kubernetes',
    issuer: 'https://oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE',
    rule: {
      conditions: [
        equals('sub', 'system:serviceaccount:payments:billing'),
        equals(['kubernetes.io', 'serviceaccount', 'uid'], '6d4d7a6f-2a0f-4f7b-9c1d-0e1f2a3b4c5d'),
      ],
    },
    hasJti: true,
    header: { typ: undefined },
    claims: {
      sub: 'system:serviceaccount:payments:billing',
      // An array, also of one.
      aud: [ISSUER],
      'kubernetes.io': {
        namespace: 'payments',
        node: { name: 'ip-10-0-1-7', uid: '0f1e2d3c-4b5a-4678-9a0b-1c2d3e4f5a6b' },
        pod: { name: 'billing-7d9c', uid: '1a2b3c4d-5e6f-4a7b-8c9d-0e1f2a3b4c5d' },
        serviceaccount: { name: 'billing', uid: '6d4d7a6f-2a0f-4f7b-9c1d-0e1f2a3b4c5d' },
      },
    },
    stranger: { sub: 'system:serviceaccount:payments:billing-admin' },
  },
  {
    kind: 'aws_sts',
    issuer: 'https://3f2a9c10-7b5d-4e8f-a1c2-d3e4f5a6b7c8.tokens.sts.global.api.aws',
    rule: { conditions: [equals('sub', 'arn:aws:iam::123456789012:role/DataProcessingRole')] },
    hasJti: true,
    claims: {
      sub: 'arn:aws:iam::123456789012:role/DataProcessingRole',
      aud: ISSUER,
      'https://sts.amazonaws.com/': {
        aws_account: '123456789012',
        source_region: 'us-east-1',
        org_id: 'o-abc1234567',
        principal_tags: { environment: 'production', team: 'data-engineering' },
        lambda_source_function_arn: 'arn:aws:lambda:us-east-1:123456789012:function:process-data',
        request_tags: { 'job-id': 'job-2024-001' },
      },
    },
    stranger: { sub: 'arn:aws:iam::123456789012:role/DataProcessingRole2' },
  },
  {
    kind: 'google',
    issuer: 'https://accounts.google.com',
    jwksUri: 'https://www.googleapis.com/oauth2/v3/certs',
    rule: { conditions: [equals('sub', '113774264463038321964'), equals('email', 'billing@my-project.iam.gserviceaccount.com')] },
    hasJti: false,
    claims: {
      sub: '113774264463038321964',
      azp: '113774264463038321964',
      aud: ISSUER,
      email: 'billing@my-project.iam.gserviceaccount.com',
      email_verified: true,
      google: { compute_engine: { instance_id: '152986662232938449', project_id: 'my-project', zone: 'us-west1-a' } },
    },
    stranger: { sub: '113774264463038321965' },
  },
  {
    kind: 'azure',
    issuer: 'https://login.microsoftonline.com/9122040d-6c67-4c5b-b112-36a304b66dad/v2.0',
    jwksUri: 'https://login.microsoftonline.com/9122040d-6c67-4c5b-b112-36a304b66dad/discovery/v2.0/keys',
    rule: {
      audience: '6e74172b-be56-4843-9ff4-e66a39bb12e3',
      conditions: [equals('oid', '690222be-ff1a-4d56-abd1-7e4f7d38e474')],
      maximum_age: 86_400,
    },
    hasJti: false,
    claims: {
      sub: '690222be-ff1a-4d56-abd1-7e4f7d38e474',
      oid: '690222be-ff1a-4d56-abd1-7e4f7d38e474',
      aud: '6e74172b-be56-4843-9ff4-e66a39bb12e3',
      azp: '0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d',
      azpacr: '2',
      tid: '9122040d-6c67-4c5b-b112-36a304b66dad',
      uti: 'AbCdEfGhIjKlMnOpQrStUv',
      ver: '2.0',
    },
    stranger: { oid: '690222be-ff1a-4d56-abd1-7e4f7d38e475' },
  },
  {
    kind: 'spiffe',
    issuer: 'https://oidc-discovery.prod.example.org',
    rule: { kind: 'spiffe', conditions: [equals('sub', 'spiffe://prod.example.org/ns/payments/sa/billing')] },
    hasJti: false,
    claims: { sub: 'spiffe://prod.example.org/ns/payments/sa/billing', aud: [ISSUER] },
    stranger: { sub: 'spiffe://staging.example.org/ns/payments/sa/billing' },
  },
  {
    kind: 'oidc',
    issuer: 'https://idp.example.com/realms/machines',
    rule: { conditions: [equals('sub', 'f1d3ff84-4329-4b3d-8e5a-2c1b0a9f8e7d'), equals('department', 7)] },
    hasJti: true,
    claims: { sub: 'f1d3ff84-4329-4b3d-8e5a-2c1b0a9f8e7d', aud: ISSUER, department: 7, azp: 'batch', typ: 'ID' },
    stranger: { sub: 'f1d3ff84-4329-4b3d-8e5a-2c1b0a9f8e7e' },
  },
];
