/**
 * The whole service as `npm start` runs it: gateway, IAM evaluation of every AWS call, the uploaded bundles in workers, a real
 * DynamoDB engine on disk, real signatures. Not what Lambda will do; what a developer's machine will.
 */
import { startChild } from './child.ts';
import type { LoadRequest, LoadSlice } from './load/slice.ts';
import { startLocalService } from './local-service.ts';
import type { Bench } from './options.ts';
import { interleave } from './rounds.ts';
import { median, spread } from './statistics.ts';
import { percent, printTable } from './table.ts';
import { basicAuthorization } from './token-request.ts';

const CONNECTIONS = 16;

/** Clients of the first start: one with sessions (a write more for each token), one without. */
const CLIENTS = { 'demo-admin': 'client_credentials', 'demo-service': 'client_credentials with a refresh token' } as const;

export const localRate: Bench = {
  title: `tokens a second of the whole local service (npm start, no rate limit, ${CONNECTIONS} keep-alive connections)`,
  async run({ rounds, sliceSeconds }) {
    const service = await startLocalService();
    try {
      const { clients } = service;
      const { child: load } = await startChild('load/generator-process.ts');
      const slices = await interleave(Object.keys(CLIENTS), rounds, (name) => {
        const { client_id: id, client_secret: secret } = clients[name] ?? { client_id: '', client_secret: '' };
        const question: LoadRequest = {
          port: Number(new URL(service.issuer).port),
          path: '/token',
          connections: CONNECTIONS,
          seconds: sliceSeconds,
          authorization: basicAuthorization(id, secret),
          body: 'grant_type=client_credentials',
        };
        return load.ask<LoadSlice>(question);
      });
      await load.stop();
      report(slices);
    } finally {
      await service.stop();
    }
    return true;
  },
};

function report(slices: ReadonlyMap<string, readonly LoadSlice[]>): void {
  const rows = Object.entries(CLIENTS).map(([name, title]) => {
    const all = slices.get(name) ?? [];
    const failures = all.reduce((sum, slice) => sum + slice.failures, 0);
    if (failures > 0) throw new Error(`${failures} answers were no token`);
    const rates = all.map(({ perSecond }) => perSecond);
    return [title, median(rates), median(all.map(({ p50Ms }) => p50Ms)), median(all.map(({ p99Ms }) => p99Ms)), percent(spread(rates))];
  });
  printTable(['RS256', 'tokens/s', 'p50 ms', 'p99 ms', 'spread'], rows);
}
