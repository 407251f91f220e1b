// Bytes on a socket, for what no HTTP client would send.
import { connect } from 'node:net';

/** Sends `bytes`, and resolves with whatever came back until the other side closed or `quietMs` passed in silence. */
export function exchange(issuer: string, bytes: string | Buffer, quietMs = 3_000): Promise<string> {
  const { hostname, port } = new URL(issuer);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect({ host: hostname, port: Number(port) }, () => socket.write(bytes));
    const done = (): void => {
      socket.destroy();
      resolve(Buffer.concat(chunks).toString('latin1'));
    };
    socket.setTimeout(quietMs, done);
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('end', done);
    socket.on('close', done);
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNRESET' || error.code === 'EPIPE') done();
      else reject(error);
    });
  });
}

/** One request whose connection closes after the answer. `lines` follow the request line, without Host. */
export const rawRequest = (issuer: string, requestLine: string, lines: readonly string[] = [], body = ''): Promise<string> =>
  exchange(
    issuer,
    Buffer.from([requestLine, `host: ${new URL(issuer).host}`, 'connection: close', ...lines, '', body].join('\r\n'), 'latin1'),
  );

export const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);
