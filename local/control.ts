// The loopback channel through which `npm run fault` and `npm run schedule` reach a running service: only who can read its data
// directory knows the token.
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { isFaultMode, isFaultService, type FaultMode, type FaultService } from './engines/faults.ts';
import type { InvocationResult } from './functions/environment.ts';
import { messageBody } from './message-body.ts';

export type ControlActions = {
  setFault(service: FaultService, mode: FaultMode): void;
  /** Deletes expired items now; resolves with how many. */
  sweep(): Promise<number>;
  /** Calls a scheduled function now. @param event JSON; absent = what its rule says. Undefined for a schedule that does not exist. */
  runSchedule(name: string, event?: string): Promise<InvocationResult | undefined>;
};
/** Lambda's limit for asynchronous calls. */
const EVENT_BYTES_MAX = 256 * 1024;

export type Control = { readonly url: string; readonly token: string; close(): void };

export async function openControl(actions: ControlActions): Promise<Control> {
  const token = randomBytes(24).toString('base64url');
  const server = createServer((message, response) => {
    void handle(message, response, token, actions);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('the control channel has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    token,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function handle(message: IncomingMessage, response: ServerResponse, token: string, actions: ControlActions): Promise<void> {
  const say = (status: number, body: unknown): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
  if (!same(message.headers.authorization ?? '', `Bearer ${token}`)) {
    say(401, { error: 'the token in service.lock is needed' });
    return;
  }
  const [, what, service, mode] = (message.url ?? '').split('/');
  if (what === 'sweep') say(200, { deleted: await actions.sweep() });
  else if (what === 'fault' && isFaultService(service) && isFaultMode(mode)) {
    actions.setFault(service, mode);
    say(200, { service, mode });
  } else if (what === 'schedule' && service !== undefined) {
    const { status, body } = await runSchedule(service, message, actions);
    say(status, body);
  } else say(400, { error: 'not known' });
}

/** The body, where there is one, is the event that the function is called with. */
async function runSchedule(name: string, message: IncomingMessage, actions: ControlActions): Promise<{ status: number; body: unknown }> {
  const body = await messageBody(message, EVENT_BYTES_MAX).catch(() => undefined);
  const event = body?.toString('utf8') ?? 'too long';
  if (event !== '' && !isJson(event)) return { status: 400, body: { error: 'the event is not JSON, or too long' } };
  const result = await actions.runSchedule(name, event === '' ? undefined : event);
  if (result === undefined) return { status: 404, body: { error: 'not known' } };
  return result.ok ? { status: 200, body: result.payload } : { status: 502, body: result };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const same = (left: string, right: string): boolean =>
  left.length === right.length && timingSafeEqual(Buffer.from(left), Buffer.from(right));
