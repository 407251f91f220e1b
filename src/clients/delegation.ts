/**
 * What a manager with `manages_tags` may do (decision 0015). Whoever may add a credential to a client acts as it, and whoever changes
 * a manager acts through it, so every rule compares what the client can do with what the manager could do itself. Tags, scopes and
 * roles are compared as they are written, case included. A manager without `manages_tags` is restricted in nothing.
 */
import { publicMembers } from '../tokens/jwk.ts';
import { MANAGE_CLIENTS } from '../tokens/scope.ts';
import type { ClientMetadata } from './client.ts';

/** What goes too far, in words for the caller. */
export type Excess = { readonly field: keyof ClientMetadata | 'client_id'; readonly problem: string };

/** What the manager does to a client: look, end or take away, put other metadata in place, let somebody act as it. */
export type Purpose = 'see' | 'end' | 'replace' | 'arm';

/** Whether the client is one of the manager's at all; any other is to it as if it did not exist. */
export const manages = ({ manages_tags: own }: ClientMetadata, { tags = [] }: ClientMetadata): boolean =>
  own === undefined || tags.some((tag) => own.includes(tag));

/**
 * Why the manager may not do this to one of its clients, whatever the request says; undefined = it may.
 * @param issuer the audience of clients that are registered with none.
 */
export function forbidden(purpose: Purpose, manager: ClientMetadata, client: ClientMetadata, issuer: string): Excess | undefined {
  const own = manager.manages_tags;
  if (own === undefined || purpose === 'see') return undefined;
  if (managementExcess(own, client) !== undefined) return { field: 'manages_tags', problem: 'of this client are not all among yours' };
  // Its own limits are not its to lift, nor those of one that could lift its own in return.
  if (purpose === 'replace' && isManager(client) && isPartOf(own, client.manages_tags ?? []))
    return { field: 'manages_tags', problem: 'of this client are as many as yours' };
  return purpose === 'arm' ? grantExcess(manager, client, undefined, issuer) : undefined;
}

/**
 * What the manager gives although it may not: what `to` has, `from` had not, and the manager has not itself.
 * @param from what is replaced; undefined for a new client. @param issuer as above.
 */
export function excessOf(
  manager: ClientMetadata,
  to: ClientMetadata,
  from: ClientMetadata | undefined,
  issuer: string,
): Excess | undefined {
  const own = manager.manages_tags;
  if (own === undefined) return undefined;
  return (
    tagExcess(own, to, from) ??
    managementExcess(own, to) ??
    grantExcess(manager, to, from, issuer) ??
    armingExcess(manager, to, from, issuer)
  );
}

/** Tags say who manages a client: those of other managers it neither gives nor takes away. */
function tagExcess(own: readonly string[], to: ClientMetadata, from: ClientMetadata | undefined): Excess | undefined {
  if (!manages({ ...to, manages_tags: own }, to)) return { field: 'tags', problem: 'must have one of your manages_tags' };
  const foreign = ({ tags = [] }: ClientMetadata) => tags.filter((tag) => !own.includes(tag));
  const [before, after] = [from === undefined ? [] : foreign(from), foreign(to)];
  if (isPartOf(before, after) && isPartOf(after, before)) return undefined;
  return { field: 'tags', problem: 'may gain and lose none but your manages_tags' };
}

/** Also where the scope is missing yet: it could come later. */
function managementExcess(own: readonly string[], to: ClientMetadata): Excess | undefined {
  if (to.manages_tags === undefined && !isManager(to)) return undefined;
  return to.manages_tags !== undefined && isPartOf(to.manages_tags, own)
    ? undefined
    : { field: 'manages_tags', problem: 'must be some of yours' };
}

function grantExcess(manager: ClientMetadata, to: ClientMetadata, from: ClientMetadata | undefined, issuer: string): Excess | undefined {
  const audiencesOf = ({ audiences = [issuer] }: ClientMetadata) => audiences;
  const lists = [
    ['scope', to.scope, from?.scope, manager.scope],
    ['roles', to.roles, from?.roles, manager.roles],
    // The same scope means other things elsewhere.
    ['audiences', audiencesOf(to), from && audiencesOf(from), [issuer, ...audiencesOf(manager)]],
  ] as const;
  for (const [field, given, kept = [], own] of lists) if (!isPartOf(given, [...kept, ...own])) return { field, problem: BEYOND };
  const mayIntrospectAny = [from, manager].some((known) => known?.may_introspect === 'any');
  return to.may_introspect === 'own' || mayIntrospectAny ? undefined : { field: 'may_introspect', problem: BEYOND };
}

const BEYOND = 'goes beyond what you are registered with yourself';

/**
 * Roles, keys and certificates are let in by metadata; they are credentials all the same. So is the method: another one makes what the
 * client held before serve again.
 */
const CREDENTIAL_FIELDS = [
  'iam_principals',
  'jwks',
  'jwks_uri',
  'tls_client_auth_subject_dn',
  'tls_client_auth_san_dns',
  'tls_client_auth_san_uri',
  'tls_client_auth_san_ip',
  'tls_client_auth_san_email',
  'tls_client_certificates',
  'token_endpoint_auth_method',
] as const;

function namesIn(client: ClientMetadata, field: (typeof CREDENTIAL_FIELDS)[number]): readonly string[] {
  switch (field) {
    case 'iam_principals':
      return client.iam_principals ?? [];
    case 'jwks':
      return (client.jwks?.keys ?? []).map((key) => JSON.stringify(publicMembers(key)));
    case 'tls_client_certificates':
      return (client.tls_client_certificates ?? []).map((certificate) => JSON.stringify(certificate));
    default:
      return client[field] === undefined ? [] : [client[field]];
  }
}

function armingExcess(manager: ClientMetadata, to: ClientMetadata, from: ClientMetadata | undefined, issuer: string): Excess | undefined {
  const gained = CREDENTIAL_FIELDS.find((field) => !isPartOf(namesIn(to, field), from === undefined ? [] : namesIn(from, field)));
  if (gained === undefined || grantExcess(manager, to, undefined, issuer) === undefined) return undefined;
  return { field: gained, problem: 'may gain none: the client holds more than you may give' };
}

const isManager = ({ scope }: ClientMetadata): boolean => scope.includes(MANAGE_CLIENTS);

const isPartOf = (some: readonly string[], all: readonly string[]): boolean => some.every((entry) => all.includes(entry));
