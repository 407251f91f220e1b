// From 100 to 100,000 tokens a second: which quota breaks first, by what was counted for one token, and the way past it.
import type { Bench } from '../options.ts';
import { printTable } from '../table.ts';
import { durationMs } from './bill.ts';
import { deployment } from './deployment.ts';
import { meteredRequests, type RequestName, type SigningMode } from './metered-requests.ts';
import { QUOTAS, type Load } from './quotas.ts';

const RATES = [100, 1000, 10_000, 100_000];
const REQUESTS: readonly RequestName[] = ['client_credentials', 'with a refresh token'];
/** Generous, so that no environment is promised that is not there: measured times are a third of it (`cost`). */
const PROCESSOR_MS = 1;

export const scale: Bench = {
  title: 'which default quota breaks first, and the way past it',
  async run() {
    const memoryMb = (await deployment()).memoryMb('token endpoint');
    for (const signing of ['kms', 'delegated'] as const) {
      const usages = await meteredRequests(signing);
      for (const request of REQUESTS) {
        const usage = usages[request];
        const circumstances = {
          memoryMb,
          processorMs: PROCESSOR_MS,
          sdkCallMs: PROCESSOR_MS,
          apiRequest: 0,
          accessLogBytes: 0,
          kmsSign: 0,
        };
        printRates(signing, request, { usage, busyMs: durationMs(usage, circumstances) });
      }
    }
    return true;
  },
};

function printRates(signing: SigningMode, request: RequestName, one: Omit<Load, 'tokensPerSecond'>): void {
  const rows = RATES.map((tokensPerSecond) => {
    const load = { ...one, tokensPerSecond };
    const broken = QUOTAS.filter(({ demand, limit }) => demand(load) > limit).toSorted(
      (a, b) => b.demand(load) / b.limit - a.demand(load) / a.limit,
    );
    const [first, ...others] = broken;
    if (first === undefined) return [tokensPerSecond.toLocaleString('en-US'), 'none', '', ''];
    const share = `${(first.demand(load) / first.limit).toFixed(1)}x`;
    return [
      tokensPerSecond.toLocaleString('en-US'),
      first.name,
      share,
      `${first.wayPast}${others.length > 0 ? ` (and ${others.length} more)` : ''}`,
    ];
  });
  printTable([`${request}, ${signing}: tokens/s`, 'first to break', 'of it', 'way past'], rows);
}
