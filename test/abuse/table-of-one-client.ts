// The stores that admission works with, in memory, for one registered client. Each step is one turn of the event loop, as a call would be.
import type { FailureRecord } from '../../src/abuse/lockout.ts';
import { digestClientSecret, formatClientSecret } from '../../src/client-authentication/secret.ts';
import type { Client } from '../../src/clients/client.ts';
import type { SecretUse } from '../../src/clients/secret-use.ts';
import type { FailureStore, FailureSubject, RateWindow, RequestStore, SecretRing, SecretUseStore } from '../../src/endpoints/stores.ts';
import { client } from '../storage/records.ts';

export type TableOfOneClient = {
  readonly clientId: string;
  readonly secret: string;
  readonly requests: RequestStore;
  readonly failures: FailureStore;
  readonly secretUses: Pick<SecretUseStore, 'read'>;
  readonly ring: SecretRing;
  /** The secret was used, as the endpoint notes it beside the signature. */
  use(ip: string, at: number): void;
};

export function tableOfOneClient(): TableOfOneClient {
  const pepper = Buffer.alloc(32, 7);
  const secret = formatClientSecret(Buffer.alloc(32, 9));
  const only: Client = {
    ...client(),
    secrets: [{ id: 's', pepper: 'k', digest: digestClientSecret(pepper, secret), created_at: 0 }],
    ip_ranges: [],
  };
  const hits = new Map<string, number>();
  const records = new Map<string, FailureRecord>();
  const attacks = new Map<string, number>();
  const uses = new Map<string, SecretUse>();

  const hitsKey = ({ endpoint, subject, network }: RateWindow, minute: number) => `${endpoint}#${subject}#${network}#${minute}`;
  const keyOf = ({ clientId = '', network }: FailureSubject) => `${clientId}#${network}`;
  const addOne = (subject: FailureSubject, now: number): void => {
    const known = records.get(keyOf(subject));
    records.set(keyOf(subject), { startedAt: now, ...known, failures: (known?.failures ?? 0) + 1, lastAt: now });
  };
  const unused = () => Promise.reject(new Error('not part of admission'));

  return {
    clientId: only.client_id,
    secret,
    requests: {
      load: async ({ clientId, failingNetwork: network = '', window }) => {
        const found = clientId === only.client_id ? only : undefined;
        return {
          client: found,
          owner: found,
          session: undefined,
          apiKey: undefined,
          tokenRevoked: false,
          previousHits: window === undefined ? 0 : (hits.get(hitsKey(window, window.minute - 1)) ?? 0),
          failures: { ofClient: records.get(keyOf({ clientId: clientId ?? '', network })), ofNetwork: records.get(keyOf({ network })) },
          blocks: [],
          issuedToken: undefined,
        };
      },
      countCall: async (window) => {
        const key = hitsKey(window, window.minute);
        hits.set(key, (hits.get(key) ?? 0) + 1);
        return hits.get(key)!;
      },
      recordIssue: unused,
      recordDenial: unused,
      countQuota: unused,
      countBeyondQuota: unused,
    },
    failures: {
      count: async (subject, { read, goesOn }, now) => {
        const known = records.get(keyOf(subject));
        const isAsRead = read !== undefined && read.failures > 0 && known?.failures === read.failures && known.lastAt === read.lastAt;
        if (isAsRead && !goesOn) records.set(keyOf(subject), { ...known, failures: 1, startedAt: now, lastAt: now });
        else addOne(subject, now);
        return records.get(keyOf(subject))!.failures;
      },
      claim: async (subject, read, now) => {
        const known = records.get(keyOf(subject));
        if (known?.failures !== read.failures || known.lastAt !== read.lastAt) return false;
        addOne(subject, now);
        return true;
      },
      prove: async (subject, provenAt) => {
        const known = records.get(keyOf(subject)) ?? { failures: 0, startedAt: 0, lastAt: 0 };
        records.set(keyOf(subject), { ...known, provenAt });
      },
      countAttack: async (clientId, window) => {
        const key = `${clientId}#${window}`;
        attacks.set(key, (attacks.get(key) ?? 0) + 1);
        return attacks.get(key)!;
      },
      recordAttack: async () => undefined,
    },
    secretUses: { read: async (_, ids) => new Map([...uses].filter(([id]) => ids.includes(id))) },
    ring: { currentId: async () => 'k', key: async () => pepper },
    use: (ip, at) => void uses.set('s', { last_used_at: at, ip, user_agent: '' }),
  };
}
