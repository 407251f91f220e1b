/**
 * Every AWS call of a request failing in every way: the answer is a 503 that says when to come again, or right; the same request
 * afterwards succeeds. Each attempt starts cold, so that the calls which are normally answered from memory fail as well.
 */
import { GetPublicKeyCommand, SignCommand } from '@aws-sdk/client-kms';
import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { routeOf, type Answer, type Sent } from '../endpoints/request.ts';
import { useService, type Service } from '../endpoints/service-under-test.ts';
import { startWire, type Wire, type WireFault } from './dynamodb-wire.ts';

export type Attempt = {
  readonly sent: Sent;
  /** Of the request when nothing fails. */
  readonly status: number;
  /** What must hold once it has been answered so. */
  readonly verify?: (answer: Answer) => Promise<void>;
};
export type Scenario = {
  readonly name: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** A fresh state and a request. */
  readonly prepare: (service: Service) => Promise<Attempt>;
  /** Right answers, beside those, to a condition that fails for no reason; nothing is verified then. */
  readonly statusesOfFailedCondition?: readonly number[];
  /** What a repeat is told where the first one took effect and only its answer was lost. */
  readonly statusOfRepeat?: number;
};

const FAULTS = [
  'throttled',
  'access denied',
  'internal error',
  'connection reset',
  'answer lost',
  'condition failed',
  'keys unprocessed',
] as const;
const ELSEWHERE: Readonly<Record<string, { name: string; code?: string } | undefined>> = {
  throttled: { name: 'ThrottlingException' },
  'access denied': { name: 'AccessDeniedException' },
  'internal error': { name: 'KMSInternalException' },
  'connection reset': { name: 'Error', code: 'ECONNRESET' },
};

const isWrite = (call: string): boolean => /^(PutItem|UpdateItem) /.test(call);
/** A read whose answer is lost is a read that was never made; conditions stand on writes; only a batch leaves keys unprocessed. */
function isPossible(fault: WireFault, call: string): boolean {
  if (fault === 'answer lost') return isWrite(call);
  if (fault === 'condition failed') return isWrite(call) && call !== 'UpdateItem RATE';
  return fault === 'keys unprocessed' ? call === 'BatchGetItem' : true;
}

export function useServiceWithFaults(): { readonly service: Service; readonly wire: () => Wire } {
  const service = useService();
  let wire: Wire;
  beforeAll(async () => {
    wire = await startWire();
    vi.spyOn(Math, 'random').mockReturnValue(0); // the SDK's jitter: retries follow at once
  });
  afterEach(() => {
    wire.heal();
    service.aws.heal();
  });
  afterAll(() => wire.close());
  return { service, wire: () => wire };
}

export function describeEveryCall({ service, wire }: ReturnType<typeof useServiceWithFaults>, scenarios: readonly Scenario[]): void {
  describe.each(scenarios)('$name', ({ prepare, environment = {}, statusesOfFailedCondition = [], statusOfRepeat }) => {
    const attempt = async (call: string, fault: WireFault, times?: number): Promise<{ attempt: Attempt; answer: Answer }> => {
      const prepared = await prepare(service);
      service.coldStart(environment, routeOf(prepared.sent.to).functionName);
      plant(call, fault, times);
      const answer = await service.send(prepared.sent);
      wire().heal();
      service.aws.heal();
      return { attempt: prepared, answer };
    };
    const plant = (call: string, fault: WireFault, times?: number): void => {
      const elsewhere = ELSEWHERE[fault];
      const { kms, secrets } = service.aws;
      const error = elsewhere === undefined ? undefined : Object.assign(new Error('planted'), elsewhere);
      if (call === 'Sign') {
        if (error !== undefined) kms.on(SignCommand).rejects(error);
      } else if (call === 'GetPublicKey') {
        if (error !== undefined) kms.on(GetPublicKeyCommand).rejects(error);
      } else if (call === 'GetSecretValue') {
        if (error !== undefined) secrets.on(GetSecretValueCommand).rejects(error);
      } else wire().fail({ call, fault, ...(times === undefined ? {} : { times }) });
    };
    let known: readonly string[] | undefined;
    const callsOf = async (fault: WireFault): Promise<readonly string[]> =>
      (known ??= await discover()).filter((call) => isPossible(fault, call));
    const discover = async (): Promise<readonly string[]> => {
      const prepared = await prepare(service);
      service.coldStart(environment, routeOf(prepared.sent.to).functionName);
      service.calls.clear();
      const answer = await service.send(prepared.sent);
      expect(answer.status).toBe(prepared.status);
      const calls = service.calls.names();
      await prepared.verify?.(answer);
      return [...new Set(calls)];
    };

    it.each(FAULTS)('each call failing (%s): 503 or right, and right afterwards', async (fault) => {
      for (const call of await callsOf(fault)) {
        const { attempt: prepared, answer } = await attempt(call, fault);
        const context = `${call}: ${answer.text}`;
        if (fault === 'condition failed' && statusesOfFailedCondition.includes(answer.status)) continue;
        expect([503, prepared.status], context).toContain(answer.status);
        if (answer.status === 503) {
          expect(answer.headers, context).toMatchObject({ 'retry-after': '1', 'cache-control': 'no-store' });
          expect(answer.body, context).toMatchObject({ error: 'temporarily_unavailable' });
          expect(answer.text, context).not.toMatch(/token"|arn:|Exception|planted/);
        }
        const again = answer.status === 503 ? await service.send(prepared.sent) : answer;
        const tookEffect = fault === 'answer lost' && / (?:CLIENT|ONCE)$/.test(call) ? statusOfRepeat : undefined;
        expect(again.status, context).toBe(tookEffect ?? prepared.status);
        await prepared.verify?.(again);
      }
    });

    it('each answer lost once after the call took effect: right at once', async () => {
      for (const call of await callsOf('answer lost')) {
        const { attempt: prepared, answer } = await attempt(call, 'answer lost', 1);
        expect(answer.status, `${call}: ${answer.text}`).toBe(prepared.status);
        await prepared.verify?.(answer);
      }
    });
  });
}
