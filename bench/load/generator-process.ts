// Child process: keep-alive connections, each sending its next request when it has read the whole of the last answer.
import { Agent, request } from 'node:http';
import { percentile } from '../statistics.ts';
import type { LoadRequest, LoadSlice } from './slice.ts';

process.on('message', (question: LoadRequest) => {
  void slice(question).then((answer) => process.send?.(answer));
});
process.once('disconnect', () => process.exit());
process.send?.({ ready: true });

async function slice(load: LoadRequest): Promise<LoadSlice> {
  const agent = new Agent({ keepAlive: true, maxSockets: load.connections });
  const authorizations = [load.authorization].flat();
  const latenciesMs: number[] = [];
  let sent = 0;
  let failures = 0;
  const processorBefore = process.cpuUsage();
  const startedMs = performance.now();
  const endMs = startedMs + load.seconds * 1000;

  const connection = async (): Promise<void> => {
    for (let nowMs = performance.now(); nowMs < endMs;) {
      const authorization = authorizations[sent++ % authorizations.length] ?? '';
      if (!(await tokenFrom(load, authorization, agent))) failures += 1;
      const afterMs = performance.now();
      latenciesMs.push(afterMs - nowMs);
      nowMs = afterMs;
    }
  };
  await Promise.all(Array.from({ length: load.connections }, connection));
  const seconds = (performance.now() - startedMs) / 1000;
  const { user, system } = process.cpuUsage(processorBefore);
  agent.destroy();
  return {
    count: latenciesMs.length,
    perSecond: latenciesMs.length / seconds,
    p50Ms: percentile(latenciesMs, 0.5),
    p99Ms: percentile(latenciesMs, 0.99),
    generatorUs: (user + system) / latenciesMs.length,
    failures,
  };
}

/** Whether the answer was a token. */
function tokenFrom({ port, path, body }: LoadRequest, authorization: string, agent: Agent): Promise<boolean> {
  const headers = {
    authorization,
    'content-type': 'application/x-www-form-urlencoded',
    'content-length': body.length,
  };
  return new Promise((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port, path, method: 'POST', agent, headers }, (response) => {
      let isToken = false;
      response.on('data', (chunk: Buffer) => {
        isToken ||= response.statusCode === 200 && chunk.includes('"access_token":"ey');
      });
      response.on('end', () => resolve(isToken));
    });
    call.on('error', reject);
    call.end(body);
  });
}
