import { describe, expect, it } from 'vitest';
import { createRouteTable } from '../../../local/gateway/routes.ts';

const table = createRouteTable(
  ['POST /token', 'GET /clients', 'GET /clients/{client_id}', 'GET /clients/self', 'ANY /any', 'GET /any', 'GET /files/{path+}'].map(
    (route) => {
      const [method = '', path = ''] = route.split(' ');
      return { method, path, target: route };
    },
  ),
);
const match = (method: string, path: string) => table.match(method, path)?.target;

describe('routes', () => {
  it('prefers fixed text to a parameter, a named method to ANY', () => {
    expect(match('GET', '/clients/self')).toBe('GET /clients/self');
    expect(match('GET', '/clients/other')).toBe('GET /clients/{client_id}');
    expect(match('GET', '/any')).toBe('GET /any');
    expect(match('PUT', '/any')).toBe('ANY /any');
  });
  it('takes greedy parameters to the end', () => {
    expect(table.match('GET', '/files/a/b')).toEqual({ target: 'GET /files/{path+}', pathParameters: { path: 'a/b' } });
  });
  it('decodes parameters, not paths', () => {
    expect(table.match('GET', '/clients/a%20b%2Fc')?.pathParameters).toEqual({ client_id: 'a b/c' });
    expect(table.match('GET', '/clients/%zz')?.pathParameters).toEqual({ client_id: '%zz' });
    expect(match('POST', '/%74oken')).toBeUndefined();
  });
  it.each(['/token/', '//token', '/Token', '/token;x', '/./token', '/clients/', '/clients//'])('%s is no route', (path) => {
    expect(match('POST', path) ?? match('GET', path)).toBeUndefined();
  });
  it('knows whose path it is, whatever the method', () => {
    expect(table.owns('/token')).toBe(true);
    expect(match('GET', '/token')).toBeUndefined();
    expect(table.owns('/nothing')).toBe(false);
  });
});
