// `?limit&cursor` of every list.
import { PAGE_LIMIT } from '../clients/maximum-lengths.ts';
import type { HttpRequest } from '../http/message.ts';
import { ok, refuse, type Result } from '../result.ts';
import type { Failure } from './failure.ts';

/** `cursor` is judged by the list that gave it out. */
export type PageQuery = { readonly limit: number; readonly cursor: string | undefined };

export function readPageQuery(request: HttpRequest): Result<PageQuery, Failure> {
  const query = new URLSearchParams(request.query);
  for (const name of query.keys()) if (query.getAll(name).length > 1) return refuse({ reason: 'parameter_repeated' });
  // Without a value it counts as omitted, as in RFC 6749 section 3.1; an empty cursor would send a loop that lost it back to the start.
  const text = query.get('limit') || String(PAGE_LIMIT.default);
  if (!/^[1-9][0-9]{0,2}$/.test(text) || Number(text) > PAGE_LIMIT.max) return refuse({ reason: 'query_invalid', parameter: 'limit' });
  return ok({ limit: Number(text), cursor: query.get('cursor') ?? undefined });
}
