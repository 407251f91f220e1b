// Which AWS calls a request makes, and how many of them one after another.
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { vi } from 'vitest';
import type { Observe } from './aws-doubles.ts';

type Observed = { readonly call: string; readonly began: number; ended: number };
export type AwsCalls = {
  readonly observe: Observe;
  /** Remembers the calls made while `work` runs; others are the test's own. */
  during<T>(work: () => Promise<T>): Promise<T>;
  /** Calls since the last `clear`, by name and, for the table, the kind of item: `UpdateItem RATE`. Sorted. */
  names(): readonly string[];
  /** The longest chain of calls of which each began only after the one before had ended. */
  waits(): number;
  clear(): void;
  restore(): void;
};

const ACTIONS: Readonly<Record<string, string>> = {
  BatchGetCommand: 'BatchGetItem',
  GetCommand: 'GetItem',
  PutCommand: 'PutItem',
  UpdateCommand: 'UpdateItem',
  QueryCommand: 'Query',
};

export function observeAwsCalls(): AwsCalls {
  const calls: Observed[] = [];
  let moment = 0;
  let running = 0;

  const observe: Observe = async (call, answer) => {
    const observed: Observed = { call, began: (moment += 1), ended: Infinity };
    if (running > 0) calls.push(observed);
    try {
      await new Promise((resolve) => setImmediate(resolve)); // no answer comes before what is asked beside it
      return await answer();
    } finally {
      observed.ended = moment += 1;
    }
  };

  const prototype = DynamoDBDocumentClient.prototype as unknown as { send: (command: Command) => Promise<unknown> };
  const original = prototype.send;
  const spy = vi.spyOn(prototype, 'send').mockImplementation(function (this: unknown, command) {
    return observe(nameOf(command), () => original.call(this, command));
  });

  return {
    observe,
    async during(work) {
      running += 1;
      try {
        return await work();
      } finally {
        running -= 1;
      }
    },
    names: () => calls.map(({ call }) => call).toSorted(),
    waits() {
      const chains: { readonly ended: number; readonly length: number }[] = [];
      for (const { began, ended } of calls.toSorted((a, b) => a.began - b.began)) {
        const before = chains.filter((chain) => chain.ended < began).map(({ length }) => length);
        chains.push({ ended, length: 1 + Math.max(0, ...before) });
      }
      return Math.max(0, ...chains.map(({ length }) => length));
    },
    clear: () => calls.splice(0),
    restore: () => spy.mockRestore(),
  };
}

type Command = {
  readonly input: {
    readonly Key?: Keyed;
    readonly Item?: Keyed;
    readonly IndexName?: string;
    readonly KeyConditionExpression?: string;
    readonly ExpressionAttributeValues?: Readonly<Record<string, unknown>>;
  };
};
type Keyed = { readonly PK: string };

function nameOf({ constructor, input }: Command): string {
  const action = ACTIONS[constructor.name] ?? constructor.name;
  if (action === 'BatchGetItem') return action;
  const [, queried = ''] = /PK = (:\w+)/.exec(input.KeyConditionExpression ?? '') ?? [];
  const partition = (input.Key ?? input.Item)?.PK ?? String(input.ExpressionAttributeValues?.[queried]);
  return `${action} ${input.IndexName ?? partition.split('#', 1)[0] ?? ''}`;
}
