// The loopback channel through which `npm run fault` reaches a running service: only who can read its data directory knows the token.
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { isFaultMode, isFaultService, type FaultMode, type FaultService } from './engines/faults.ts';

export type ControlActions = {
  setFault(service: FaultService, mode: FaultMode): void;
  /** Deletes expired items now; resolves with how many. */
  sweep(): Promise<number>;
};
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
  } else say(400, { error: 'not known' });
}

const same = (left: string, right: string): boolean =>
  left.length === right.length && timingSafeEqual(Buffer.from(left), Buffer.from(right));
