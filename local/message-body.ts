// The body of an incoming HTTP message. By events, which cost a fraction of asynchronous iteration.
import type { IncomingMessage } from 'node:http';

/** Resolves undefined for more than `maxBytes`, without reading on; rejects when the caller goes away in the middle. */
export function messageBody(message: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  if (Number(message.headers['content-length'] ?? 0) > maxBytes) return Promise.resolve(undefined);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    message.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBytes) {
        message.removeAllListeners('data').pause();
        resolve(undefined);
      } else chunks.push(chunk);
    });
    message.on('end', () => {
      resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks));
    });
    message.on('error', reject);
    message.on('close', () => {
      if (!message.complete) reject(new Error('the caller went away'));
    });
  });
}
