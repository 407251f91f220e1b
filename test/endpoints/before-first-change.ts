// A change of a client by somebody else, exactly between the read and the write of a request.
import { DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { expect } from 'vitest';

type Command = { readonly input: { readonly Key?: Readonly<Record<string, unknown>> } };

/** Runs `interloper` when the client is about to be written for the first time, and lets the write go on then. */
export async function beforeFirstChangeOf<T>(id: string, interloper: () => Promise<void>, work: () => Promise<T>): Promise<T> {
  const prototype = DynamoDBDocumentClient.prototype as unknown as { send: (command: Command) => Promise<unknown> };
  const { send: original } = prototype;
  let isFirst = true;
  prototype.send = async function (command) {
    if (isFirst && command instanceof UpdateCommand && command.input.Key?.['PK'] === `CLIENT#${id}`) {
      isFirst = false;
      await interloper();
    }
    return original.call(this, command);
  };
  try {
    return await work();
  } finally {
    prototype.send = original;
    expect(isFirst).toBe(false);
  }
}
