import { asClient, CALLER_OPTIONS, chosenCaller, ownerOf, someCaller } from './caller.ts';
import type { Command } from './command.ts';
import { send, type JsonObject } from './http-call.ts';
import { findService, type Credentials } from './service.ts';
import { valueOrInput } from './standard-input.ts';
import { inWords, pairs } from './table.ts';

export const introspect: Command = {
  name: 'introspect',
  summary: 'Show whether a token is active, and what it holds (RFC 7662)',
  operands: ['<token>'],
  options: CALLER_OPTIONS,
  notes: [
    'Asks as the client that the token belongs to where its secret is known, else as demo-admin or M2M_CLIENT_ID. ' +
      'A client sees tokens of other clients only when it was registered with --may-introspect any.',
  ],
  examples: ['-', 'eyJ0eXAi... --json', '- --client-id cl_1'],
  run: async (call) => {
    const service = await findService(call);
    const presented = await valueOrInput(call.operands[0] ?? '');
    const caller = someCaller((await chosenCaller(introspect, service, call)) ?? ownerOf(service, presented) ?? service.manager);
    const answer = await send(service, { method: 'POST', path: '/introspect', ...asClient(service, caller, { token: presented }) });
    return { document: answer, text: inText(answer, caller) };
  },
};

const TIMES = new Set(['exp', 'iat', 'nbf']);

function inText(answer: JsonObject, caller: Credentials): string {
  if (answer['active'] !== true) return `Not active: expired, revoked, not from this service, or not for ${caller.clientId} to see.`;
  return pairs(
    Object.entries(answer).map(
      ([name, value]) => [name, TIMES.has(name) && typeof value === 'number' ? utc(value) : inWords(value)] as const,
    ),
  );
}

const utc = (seconds: number): string => new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
