// The service's endpoints as a well-behaved client calls them, and clients registered for one test.
import { basic, bearer, call, form, type Answer, type Call } from './call.ts';
import type { Credentials, Reachable } from './service-process.ts';

type Fields = Readonly<Record<string, string | undefined>>;
type More = Pick<Call, 'headers' | 'from'>;

export type TestClient = Credentials & { /** The whole registration answer. */ readonly registered: any };

const post = (issuer: string, path: string, body: Call['body'], more: More, auth?: Credentials): Promise<Answer> =>
  call(issuer, path, {
    method: 'POST',
    ...(body === undefined ? {} : { body }),
    ...more,
    headers: { ...(auth && basic(auth)), ...more.headers },
  });

export type Endpoints = ReturnType<typeof endpointsOf>;

export function endpointsOf({ issuer, demoAdmin }: Pick<Reachable, 'issuer' | 'demoAdmin'>) {
  let management: Promise<string> | undefined;
  const token = (client: Credentials, fields: Fields = {}, more: More = {}): Promise<Answer> =>
    post(issuer, '/token', form({ grant_type: 'client_credentials', ...fields }), more, client);
  const accessToken = async (client: Credentials, fields: Fields = {}): Promise<string> =>
    expectOk(await token(client, fields)).body.access_token;
  /** A bearer of `clients:manage`, asked for once. */
  const managementToken = (): Promise<string> => (management ??= accessToken(demoAdmin, { scope: 'clients:manage' }));
  const manage = async (method: string, path: string, body?: object): Promise<Answer> =>
    call(issuer, path, { method, headers: bearer(await managementToken()), ...(body && { body }) });

  return {
    issuer,
    call: (path: string, request?: Call): Promise<Answer> => call(issuer, path, request),
    token,
    accessToken,
    /** `/token` with `grant_type=refresh_token`. */
    refresh: (client: Credentials, refreshToken: string, fields: Fields = {}): Promise<Answer> =>
      token(client, { grant_type: 'refresh_token', refresh_token: refreshToken, ...fields }),
    revoke: (client: Credentials, fields: Fields): Promise<Answer> => post(issuer, '/revoke', form(fields), {}, client),
    introspect: (client: Credentials, text: string, fields: Fields = {}): Promise<Answer> =>
      post(issuer, '/introspect', form({ token: text, ...fields }), {}, client),
    /** The sample API. */
    protected: (text: string, path = '/protected'): Promise<Answer> => call(issuer, path, { headers: bearer(text) }),
    managementToken,
    manage,
    /** A client of its own for one test: scopes `read write`, both grants, unless told otherwise. */
    async register(metadata: object = {}): Promise<TestClient> {
      const answer = await manage('POST', '/clients', {
        scope: 'read write',
        grant_types: ['client_credentials', 'refresh_token'],
        ...metadata,
      });
      if (answer.status !== 201) throw new Error(`the client was not registered: ${answer.status} ${answer.text}`);
      const { client_id, client_secret } = answer.body;
      return { client_id, client_secret, registered: answer.body };
    },
  };
}

/** For steps that a test builds on. */
export function expectOk(answer: Answer): Answer {
  if (answer.status !== 200) throw new Error(`expected 200, got ${answer.status} ${answer.text}`);
  return answer;
}

/** Header and claims of a JWT, without any check. */
export function decoded(token: string): { readonly header: any; readonly claims: any } {
  const [header = '', claims = ''] = token.split('.');
  const part = (text: string): unknown => JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  return { header: part(header), claims: part(claims) };
}
