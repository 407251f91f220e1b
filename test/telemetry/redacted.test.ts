import { expect, it } from 'vitest';
import { redacted } from '../../src/telemetry/redacted.ts';

it.each([
  ['a client secret', 'm2m_cs_CCVeufE_Lftwu-K3DXvHtzySGrSwTGLRJlvNizjvfn0-l82pp'],
  ['an API key', 'm2m_ak_CCVeufE_Lftwu-K3DXvHtzySGrSwTGLRJlvNizjvfn0-l82pp'],
  ['a refresh token', 'm2m_rt_k1.demo-service.1.aWnYI0.bC-_9'],
  ['a client secret in a form or URI', 'm2m%5fcs%5FCCVeufE%5fLftwu-K3DXvHtzySGrSwTGLRJlvNizjvfn0-l82pp'],
  ['Basic credentials', `Basic ${Buffer.from('demo-service:m2m_cs_CCVeufE_Lftwu-K3DXvHtzySGrSwTGLRJlvNizjvfn0-l82pp').toString('base64')}`],
  ['an access token', 'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4In0.c2ln'],
  ['the beginning of one', 'eyJhbGciOiJSUzI1NiJ9.eyJpc3Mi'],
  ['an encrypted one', 'eyJhbGciOiJSUzI1NiJ9.a.b.c.d'],
  ['an unsigned token', 'eyJhbGciOiJub25lIn0.eyJpc3MiOiJ4In0.'],
])('%s is not kept, whatever stands around it', (_, secret) => {
  expect(redacted(`{"scope":"${secret}","a":1}`)).toBe('{"scope":"[redacted]","a":1}');
  expect(redacted(`agent ${secret} and ${secret}`)).toBe('agent [redacted] and [redacted]');
});

it('ids, prefixes and other text stay', () => {
  for (const text of [
    'c_ABve-68zXs9X8iuh7sA8tw',
    'm2m-auth-service',
    'm2m_cs_',
    'Basic authentication',
    'client_secret_basic 0123456789012345678901',
    'eyJ',
    'Uvb_W92hVNJKmb1154TxQA',
    'keyJohn.smith.example',
  ])
    expect(redacted(text)).toBe(text);
});
