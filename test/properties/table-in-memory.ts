// The ports of storage in memory, with the same conditions as the table's writes: for many thousands of interleavings.
import type { Client } from '../../src/clients/client.ts';
import type { Loaded, RequestStore, Rotation, SessionStore } from '../../src/endpoints/stores.ts';
import type { Session } from '../../src/tokens/session.ts';

/** Where a call waits before it takes effect: interleavings are made there. */
export type Pause = (call: string) => Promise<unknown>;

export type TableInMemory = {
  readonly requests: RequestStore;
  readonly sessions: SessionStore;
  client(): Client;
  change(members: Partial<Client>): Promise<void>;
  session(sid: string): Promise<Session | undefined>;
};

export function createTableInMemory(initial: Client, pause: Pause = async () => undefined): TableInMemory {
  let client = initial;
  const stored = new Map<string, Session>();

  const isRotatable = (session: Session, { fromGeneration, rotatedAtMs }: Rotation): boolean => {
    const now = Math.floor(rotatedAtMs / 1000);
    const { status, generation, expires_at, idle_expires_at = Infinity } = session;
    return status === 'active' && generation === fromGeneration && expires_at > now && idle_expires_at > now;
  };
  const rotated = (session: Session, rotation: Rotation): Session => {
    const { idle_expires_at: _, ...rest } = session;
    return {
      ...rest,
      generation: rotation.fromGeneration + 1,
      rotated_by: rotation.rotatedBy,
      rotated_at: rotation.rotatedAtMs,
      mac_key: rotation.macKey,
      last_access_exp: rotation.accessExp,
      ...(rotation.idleExpiresAt === undefined ? {} : { idle_expires_at: rotation.idleExpiresAt }),
    };
  };

  return {
    client: () => client,
    change: async (members) => void (client = { ...client, ...members }),
    session: async (sid) => stored.get(sid),
    requests: {
      async load({ sid = '' }): Promise<Loaded> {
        await pause('load');
        const nothing = {
          apiKey: undefined,
          failures: { ofClient: undefined, ofNetwork: undefined },
          blocks: undefined,
          issuedToken: undefined,
        };
        return { client, owner: client, session: stored.get(sid), tokenRevoked: false, previousHits: 0, ...nothing };
      },
      countCall: async () => 1,
      recordIssue: async () => undefined,
      countQuota: () => Promise.reject(new Error('the client has no quota')),
      countBeyondQuota: () => Promise.reject(new Error('the client has no quota')),
      recordDenial: async () => true,
    },
    sessions: {
      create: async (session) => void stored.set(session.sid, session),
      async rotate(rotation) {
        await pause('rotate');
        const session = stored.get(rotation.sid);
        if (session !== undefined && isRotatable(session, rotation)) {
          stored.set(rotation.sid, rotated(session, rotation));
          return { rotated: true };
        }
        await pause('read again');
        const now = stored.get(rotation.sid);
        const isOurs = now?.status === 'active' && now.rotated_by === rotation.rotatedBy && now.generation === rotation.fromGeneration + 1;
        return isOurs ? { rotated: true } : { rotated: false, session: now };
      },
      async end({ sid }) {
        await pause('end');
        const session = stored.get(sid);
        if (session?.status !== 'active') return false;
        stored.set(sid, { ...session, status: 'ended' });
        return true;
      },
    },
  };
}
