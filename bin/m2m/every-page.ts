import type { Call, JsonObject } from './http-call.ts';
import { inWords } from './table.ts';

/** All items of a list, page after page. @param query besides `limit` and `cursor`. */
export async function everyPage(
  request: (call: Call) => Promise<JsonObject>,
  path: string,
  query: Readonly<Record<string, string>> = {},
): Promise<readonly JsonObject[]> {
  const items: JsonObject[] = [];
  for (let cursor: string | undefined = ''; cursor !== undefined;) {
    const page: JsonObject = await request({
      method: 'GET',
      path: `${path}?${new URLSearchParams({ ...query, limit: '100', ...(cursor === '' ? {} : { cursor }) }).toString()}`,
    });
    items.push(...((page['items'] ?? []) as readonly JsonObject[]));
    cursor = inWords(page['next']);
  }
  return items;
}
