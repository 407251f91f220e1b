// What the rotation function is called with, and what it answers: contract of the schedule and of `m2m keys`.
import { isAlgorithm, type Algorithm } from '../tokens/algorithms.ts';
import type { KeyRotation, KeyView, RingView, RotationAnswer, RotationRefusal } from './key-rotation.ts';
import { readyAt } from './rotation-plan.ts';

/** A key as it is shown. Times are RFC 3339; absent = not planned. */
export type ShownKey = {
  readonly kid: string;
  readonly alg: Algorithm;
  readonly state: KeyView['state'];
  readonly signs: boolean;
  readonly key: string;
  readonly published_at: string;
  /** From when every verifier knows it. */
  readonly known_at: string;
  readonly signs_from: string;
  readonly retires_at?: string;
  readonly removed_at?: string;
  readonly revoked_at?: string;
};
export type RotationReport =
  | {
      readonly ok: true;
      readonly keys: readonly ShownKey[];
      readonly without_standby: readonly Algorithm[];
      /** What was asked for is done, and what follows from it is left to the next run. */
      readonly unfinished?: true;
    }
  | { readonly ok: false; readonly reason: RotationRefusal['reason'] | 'command_unknown'; readonly at?: string };

/** @param event `{"command": "list" | "rotate" | "retire" | "revoke", ...}`, or what the schedule says. Throws `Outage`. */
export async function answerRotation(event: unknown, rotation: KeyRotation): Promise<RotationReport> {
  const answer = await obey(membersOf(event), rotation);
  if (answer === undefined) return { ok: false, reason: 'command_unknown' };
  if (answer.ok) return reportOf(answer.value);
  const { reason } = answer.failure;
  const at = 'at' in answer.failure ? answer.failure.at : undefined;
  return { ok: false, reason, ...(at === undefined ? {} : { at: inWords(at) }) };
}

const reportOf = ({ keys, withoutStandby, unfinished }: RingView): RotationReport => ({
  ok: true,
  keys: keys.map(shown),
  without_standby: withoutStandby,
  ...(unfinished === undefined ? {} : { unfinished }),
});

type Members = Readonly<Record<string, unknown>>;

async function obey({ schedule, command, algorithm, kid, force }: Members, rotation: KeyRotation): Promise<RotationAnswer | undefined> {
  if (schedule !== undefined) return rotation.run();
  if (command === 'list') return rotation.list();
  if (command === 'rotate' && isAlgorithm(algorithm)) return rotation.rotate(algorithm);
  if (typeof kid !== 'string') return undefined;
  if (command === 'retire') return rotation.retire(kid);
  return command === 'revoke' ? rotation.revoke(kid, { force: force === true }) : undefined;
}

const membersOf = (event: unknown): Members => (typeof event === 'object' && event !== null ? (event as Members) : {});

const shown = (key: KeyView): ShownKey => ({
  kid: key.kid,
  alg: key.alg,
  state: key.state,
  signs: key.signs,
  key: key.arn,
  published_at: inWords(key.created_at),
  known_at: inWords(readyAt(key)),
  signs_from: inWords(key.active_from),
  ...(key.retires_at === undefined ? {} : { retires_at: inWords(key.retires_at) }),
  ...(key.removed_at === undefined ? {} : { removed_at: inWords(key.removed_at) }),
  ...(key.distrusted_at === undefined ? {} : { revoked_at: inWords(key.distrusted_at) }),
});

const inWords = (seconds: number): string => new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
