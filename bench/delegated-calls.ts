// The same requests in delegated mode: KMS has a part in the first token of an environment, and in none after it.
import type { Case } from './calls.ts';
import { CLIENT_SECRET } from './demo-client.ts';
import { basicAuthorization, httpApiEvent, TOKEN_REQUEST } from './token-request.ts';
import type * as Token from '../functions/token/handler.ts';

const ADMISSION = ['BatchGetItem', 'UpdateItem'];
/** Besides the functions of the other mode, which are in memory already: another environment, and so another module. */
const ENVIRONMENT = '?delegated';

/** @param withRefresh id of a client that gets refresh tokens and sends them alone. */
export async function delegatedCases(withRefresh: string): Promise<readonly Case[]> {
  const { handler: token } = (await import(`../functions/token/handler.ts${ENVIRONMENT}`)) as typeof Token;
  const { handler: refresh } = (await import(`../functions/refresh/handler.ts${ENVIRONMENT}`)) as typeof Token;
  let refreshToken = '';
  let callers = 0;
  const post = async (handler: typeof token, path: string, body: string, authorization?: string): Promise<number> => {
    const ip = `198.51.100.${(callers += 1)}`;
    const result = await handler(httpApiEvent({ path, ip, headers: { authorization }, body }), {});
    refreshToken = (JSON.parse(result.body) as { refresh_token?: string }).refresh_token ?? refreshToken;
    return result.statusCode;
  };
  const plain = () => post(token, '/token', TOKEN_REQUEST.body, TOKEN_REQUEST.authorization);
  const withSession = () => post(token, '/token', TOKEN_REQUEST.body, basicAuthorization(withRefresh, CLIENT_SECRET));
  const rotate = () => post(refresh, '/refresh', `refresh_token=${refreshToken}`);
  const row = (title: string, expected: Case['expected'], send: Case['send']): Case => ({
    title: `delegated: ${title}`,
    expected,
    status: 200,
    send,
  });
  return [
    row(
      'the first token of a new environment',
      [['BatchGetItem', 'Query', 'UpdateItem'], ['GetSecretValue'], ['Decrypt', 'UpdateItem']],
      plain,
    ),
    row('client_credentials', [ADMISSION], plain),
    row('with a refresh token, the first in 5 minutes with its secret', [ADMISSION, ['PutItem', 'UpdateItem']], withSession),
    row('client_credentials with a refresh token', [ADMISSION, ['PutItem']], withSession),
    row(
      "refresh, a new environment's first",
      [['GetSecretValue'], ['BatchGetItem', 'Query', 'UpdateItem'], ['Decrypt'], ['UpdateItem']],
      rotate,
    ),
    row('refresh', [ADMISSION, ['UpdateItem']], rotate),
  ];
}
