// A write that its caller no longer waits for must not commit later, with the times of then.
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Outage } from '../../src/outage.ts';
import { getItem, putItem, updateItem, type Table } from '../../src/storage/table.ts';

type Sent = { readonly abortSignal?: AbortSignal } | undefined;

/** Never answers, as DynamoDB behind retries; ends only when it is told to. */
function silentTable(): { table: Table; sent: Sent[] } {
  const sent: Sent[] = [];
  const send = (_: unknown, options: Sent) => {
    sent.push(options);
    return new Promise((_resolve, reject) => {
      options?.abortSignal?.addEventListener('abort', () => {
        reject(Object.assign(new Error('Request aborted'), { name: 'AbortError' }));
      });
    });
  };
  return { table: { table: 't', dynamodb: { send } as unknown as DynamoDBDocumentClient }, sent };
}

describe('a write that gets no answer', () => {
  let deadline: AbortController;
  const timeout = vi.spyOn(AbortSignal, 'timeout');
  beforeEach(() => {
    deadline = new AbortController();
    timeout.mockReset().mockReturnValue(deadline.signal);
  });
  afterEach(() => {
    timeout.mockReset();
  });

  const key = { PK: 'a', SK: 'b' };
  it.each([
    ['put', (table: Table) => putItem(table, { Item: key })],
    ['update', (table: Table) => updateItem(table, { Key: key })],
  ])('is given up at the deadline of the endpoints, as an outage: %s', async (_, write) => {
    const { table, sent } = silentTable();
    const writing = write(table);
    expect(timeout).toHaveBeenCalledExactlyOnceWith(3_800);
    expect(sent[0]?.abortSignal).toBe(deadline.signal);
    deadline.abort();
    await expect(writing).rejects.toBeInstanceOf(Outage);
  });

  it('is no concern of reads, which change nothing', () => {
    const { table, sent } = silentTable();
    void getItem(table, key);
    expect(sent).toEqual([undefined]);
  });
});
