// The watchman of the other tests must not sleep.
import { expect, it } from 'vitest';
import { createConfidential } from './confidential.ts';

const answer = {
  status: 200,
  headers: {},
  text: '',
  body: {
    access_token: 'aaaaaaaaaaaa.bbbbbbbbbbbbbb.cccccccccccccc',
    refresh_token: 'm2m_rt_k1.some-client-id.1.dddddddddddddd.eeeeeeeeeeeeee',
  },
};

it('finds every secret of a request and its answer in a line, whole or in its telling parts', () => {
  const confidential = createConfidential();
  confidential.learn(
    {
      to: 'POST /token',
      basic: { client_id: 'some-client-id', client_secret: 'a-client-secret' },
      form: { password: 'a-password-ffff', token: 'a-token-gggggg' },
    },
    answer,
  );
  confidential.add('a-ring-key-hhhhh');
  const basic = Buffer.from('some-client-id:a-client-secret').toString('base64');
  for (const secret of [
    'a-client-secret',
    basic,
    'a-password-ffff',
    'a-token-gggggg',
    'bbbbbbbbbbbbbb',
    'cccccccccccccc',
    'dddddddddddddd',
    'eeeeeeeeeeeeee',
    'a-ring-key-hhhhh',
  ]) {
    expect(confidential.leaksIn([`{"x":"y${secret}z"}`, 'harmless']), secret).toHaveLength(1);
  }
});

it('takes a client id for no secret', () => {
  const confidential = createConfidential();
  confidential.learn({ to: 'POST /token' }, answer);
  expect(confidential.leaksIn(['{"client_id":"some-client-id"}'])).toEqual([]);
});
