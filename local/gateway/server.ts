// The listening socket: limits, slow callers, and an orderly end.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { RequestListener, ServerOptions } from 'node:http';
import type { Socket } from 'node:net';
import { gatewayAnswer, INTERNAL_SERVER_ERROR, REQUEST_TOO_LARGE, sendAnswer, type Answer } from './answer.ts';
import type { Api } from './http-api.ts';
import { readRequest } from './request.ts';

export type Gateway = {
  /** The port that it listens on. */
  readonly port: number;
  /** From now on requests are served; those that came earlier were waiting. */
  open(api: Api): void;
  /** Stops accepting, lets requests under way finish for at most `graceMs`, then cuts what is left. */
  close(graceMs: number): Promise<void>;
};

/** API Gateway: request line and header values together. */
const HEADER_MAX_BYTES = 10_240;
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
const KEEP_ALIVE_MS = 65_000;

/** What a listener with mutual TLS holds, in PEM. Without a certificate that the truststore vouches for there is no connection. */
export type MutualTls = { readonly certificate: string; readonly key: string; readonly truststore: string };

/**
 * Rejects with the system's error (`EADDRINUSE`, `EACCES`, ...) when the address cannot be had.
 * @param tls undefined = plain HTTP.
 */
export function listen(host: string, port: number, onProblem: (text: string) => void, tls?: MutualTls): Promise<Gateway> {
  let opened: (api: Api) => void = () => undefined;
  const api = new Promise<Api>((resolve) => {
    opened = resolve;
  });
  let closing = false;

  async function respond(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await readRequest(message);
    if (!request) {
      sendAnswer(response, REQUEST_TOO_LARGE, { close: true });
      return;
    }
    sendAnswer(response, await (await api).handle(request), { close: closing });
  }
  const server = serverFor(
    tls,
    {
      maxHeaderSize: HEADER_MAX_BYTES,
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: 2_000,
      requireHostHeader: true,
    },
    (message, response) => {
      respond(message, response).catch((error: unknown) => {
        if (message.destroyed && !message.complete) return; // The caller went away in the middle of its body.
        onProblem(`gateway: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
        if (!response.headersSent) sendAnswer(response, INTERNAL_SERVER_ERROR, { close: true });
        else response.destroy();
      });
    },
  );
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    refuse(socket, error);
  });

  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      const address = server.address();
      resolve({
        port: typeof address === 'object' && address ? address.port : port,
        open: (ready) => {
          opened(ready);
        },
        close: (graceMs) => {
          closing = true;
          return closeServer(server, graceMs);
        },
      });
    });
  });
}

function serverFor(tls: MutualTls | undefined, options: ServerOptions, serve: RequestListener): Server | TlsServer {
  if (tls === undefined) return createServer(options, serve);
  const { certificate: cert, key, truststore: ca } = tls;
  return createTlsServer({ ...options, cert, key, ca, minVersion: 'TLSv1.2', requestCert: true, rejectUnauthorized: true }, serve);
}

async function closeServer(server: Server | TlsServer, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
  });
  server.closeIdleConnections();
  const idle = setInterval(() => {
    server.closeIdleConnections();
  }, 50);
  const cut = setTimeout(() => {
    server.closeAllConnections();
  }, graceMs);
  await closed;
  clearInterval(idle);
  clearTimeout(cut);
}

/** What is no HTTP request at all, too large in its headers, or too slow. */
function refuse(socket: Socket, error: NodeJS.ErrnoException): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const answer: Answer =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? gatewayAnswer(431, 'Request Header Fields Too Large')
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? gatewayAnswer(408, 'Request Timeout')
        : gatewayAnswer(400, 'Bad Request');
  const head = answer.headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  socket.end(
    `HTTP/1.1 ${answer.status} ${REASONS[answer.status] ?? ''}\r\n${head}content-length: ${Buffer.byteLength(answer.body)}\r\nconnection: close\r\n\r\n${String(answer.body)}`,
  );
}

const REASONS: Readonly<Record<number, string>> = { 400: 'Bad Request', 408: 'Request Timeout', 431: 'Request Header Fields Too Large' };
