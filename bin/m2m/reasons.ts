// Every reason for which the service or an authorizer refuses, for the operator: what was wrong, and what to do next.
import type { DenialReason } from '../../src/authorizer/denial.ts';
import type { FailureReason } from '../../src/endpoints/failure.ts';
import { said, MALFORMED, SIGN_IN_AGAIN, LIBRARY, REVOKED, type Explanation } from './explanation.ts';
import { TOKEN_REASONS } from './token-reasons.ts';

const SERVICE_REASONS: Readonly<Record<FailureReason, Explanation>> = {
  body_too_large: said('The request body was larger than 64 KiB.', MALFORMED),
  media_type_unsupported: said('The body was not application/x-www-form-urlencoded.', MALFORMED),
  media_type_not_json: said('The body was not application/json.', MALFORMED),
  body_malformed: said('The body could not be read as its content type says.', MALFORMED),
  parameter_repeated: said('A parameter came more than once.', MALFORMED),
  parameters_too_many: said('There were more than 64 parameters.', MALFORMED),
  parameters_in_query: said(
    'Parameters came in the URL, where they end up in logs.',
    'Send them in the body; if a secret was among them, replace it.',
  ),
  parameter_missing: said('A required parameter was missing.', MALFORMED),
  grant_type_unknown: said('The grant type is not one of this service.', 'Ask with grant_type=client_credentials or refresh_token.'),
  grant_not_registered: said(
    'The client is not registered for this grant.',
    '"clients update ID --grant client_credentials --grant refresh_token".',
  ),

  several_methods: said(
    'More than one credential came in one request (RFC 6749 section 2.3).',
    'Send HTTP Basic or the form fields, not both; behind --iam neither.',
  ),
  client_id_mismatch: said(
    'client_id in the body is another than that of the credential.',
    'Leave client_id out of the body, or make them the same.',
  ),
  client_id_missing: said('An AWS principal called without saying which client it acts as.', 'Send client_id in the form.'),
  principal_missing: said('The gateway named no AWS principal.', 'Call the routes below /iam with a SigV4 signature.'),
  principal_not_administrator: said(
    'The AWS principal is not one of the administrators.',
    'Add its role to the prop administrators and deploy, or call as one that is.',
  ),
  credentials_missing: said('No credential came.', 'Send client id and secret by HTTP Basic, or as form fields.'),
  credentials_malformed: said(
    'The credential could not be read: its form is wrong.',
    'Both halves of HTTP Basic are form-encoded, joined by a colon, then base64. Check for a line end behind the secret.',
  ),
  unknown_client: said(
    'There is no such client.',
    'Check the client id, and that the caller uses this stage and not another ("clients list").',
  ),
  client_disabled: said(
    'The client is disabled.',
    '"clients enable ID" when that is over; "audit --client ID --type client_disabled" shows who did it.',
  ),
  client_expired: said('The client is past its own end.', '"clients update ID --expires-at TIME", or --clear expires-at.'),
  secret_mismatch: said(
    'The secret is none of the live ones of the client.',
    'Not well formed: it was mistyped or cut off. Expired: the client has not read its successor. Otherwise "secrets list ID" shows what lives; "secrets add ID" makes one more.',
  ),
  method_not_registered: said(
    'The credential is of another method than the one that the client is registered for.',
    'Let the caller use the registered method ("clients show ID"), or "clients update ID --auth-method ...".',
  ),
  assertion_invalid: said(
    'The signed assertion does not serve; problem says why.',
    'key_unknown: register the public key. claim_wrong aud: "aud" is the issuer alone, as one string. Times: compare the clocks.',
  ),
  assertion_replayed: said(
    'An assertion came a second time.',
    'The caller signs a new one, with a new jti, for every request, repeats included. If it did, look for who else sent it.',
  ),
  client_keys_unavailable: said(
    "The client's jwks_uri gives no keys; problem says why.",
    'It must answer 200 with a JWKS over https, from a public address, without redirects, within 2 s and 64 KiB.',
  ),
  api_key_mismatch: said(
    'The API key is not one of the client, or it was ended.',
    'status in the detail: ended or unknown. "api-keys list ID" shows what lives; "api-keys add ID" makes one more.',
  ),
  api_key_expired: said('The API key is past its end.', '"api-keys add ID" makes another; "api-keys list ID" shows the ends of all.'),
  principal_mismatch: said(
    'The client does not name the role that signed the request.',
    '"clients update ID --iam-principal ARN" with the role\'s ARN, path included.',
  ),
  network_not_allowed: said(
    'The call came from outside the networks of the client.',
    'If the address is right, "clients update ID --ip-range CIDR" for every network of it; tokens carry the list, so get a new one.',
  ),

  locked_out: said(
    'Too many failed authentications in a row: the caller is refused whatever it sends.',
    'It ends by itself, see the seconds. Find the wrong credential first: "audit --client ID --type login_failure".',
  ),
  certificate_mismatch: said(
    "The certificate of the connection is not the client's.",
    'The record says whose subject came and which field it missed. Register the name or the certificate ("clients update"), or issue the client its own.',
  ),
  certificate_unusable: said(
    'The certificate has expired, is not valid yet, or its extended key usage is not for TLS clients.',
    'Issue the caller a new one; with tls_client_auth nothing has to be registered anew.',
  ),
  certificate_denied: said(
    'An operator has denied this certificate.',
    '"certs denied" shows by whom and why; "certs allow ID" lets it in again.',
  ),
  certificate_missing: said(
    'Tokens of this client are bound to its certificate, and the request came without one.',
    'Call the URLs of mtls_endpoint_aliases in the metadata with the certificate; an authorizer cannot exchange its API keys.',
  ),
  certificate_unknown: said('No such certificate is denied.', '"certs denied" lists those that are, with their ids.'),
  certificate_invalid: said('A field of the request is wrong.', 'The answer names it.'),
  session_binding_unproven: said(
    'The session is bound to a certificate or key, and the refresh came with another one or none.',
    'Refresh with what the session began with; after a change of certificate ask /token for a new session.',
  ),
  network_blocked: said('An operator has blocked the network of the caller.', '"block list" shows by whom and until when.'),
  block_invalid: said('A field of the block is wrong.', 'The answer names it.'),
  block_of_own_address: said(
    'The block would hold the address of who asks for it.',
    'Repeat it with include_own_address if that is meant.',
  ),
  block_unknown: said('There is no such block.', '"block list".'),
  blocks_too_many: said('There are 200 blocks.', 'Remove one first, or block a wider network.'),
  rate_limited: said(
    'A limit of calls was reached.',
    'Let the caller keep its token until it expires. To raise the limit of a client: "clients update ID --rate-limit-per-minute N".',
  ),
  quota_exceeded: said('A quota of the client is used up.', 'It is free again when its window ends; "clients show ID" shows the quotas.'),

  scope_malformed: said('scope is not a list of scopes between single spaces.', MALFORMED),
  scope_not_allowed: said(
    'A scope was asked for that the client is not registered for.',
    '"clients update ID --scope ..." with all of them, or let the caller ask for less.',
  ),
  resource_malformed: said('resource is not an absolute URI without a fragment.', MALFORMED),
  resource_not_allowed: said(
    'resource is not an audience of the client.',
    '"clients update ID --audience URL" for each of them; they are compared exactly, a trailing slash included.',
  ),

  refresh_token_malformed: said(
    'What came is no refresh token of this service.',
    'Check that it was stored whole, and that it is not the access token.',
  ),
  refresh_token_forged: said(
    'The refresh token was not made by this service, or under a key that is gone.',
    'Another stage? Otherwise somebody tries: "audit --type refresh_token_invalid".',
  ),
  refresh_token_foreign: said(
    'The refresh token belongs to another client.',
    'Two programs share a store of tokens, or one was stolen: "sessions list --client ID" of its owner.',
  ),
  session_unknown: said('There is no such session.', SIGN_IN_AGAIN),
  session_ended: said('The session was ended.', REVOKED),
  session_expired: said(
    'The session is past its end.',
    'The caller starts another at /token; "clients update ID --refresh-token-lifetime TIME" makes later ones longer.',
  ),
  session_idle: said(
    'The session was unused for too long.',
    'The caller starts another at /token; "clients update ID --refresh-token-idle-lifetime TIME" allows more.',
  ),
  session_of_older_epoch: said('Everything of the client was ended after the session began.', REVOKED),
  refresh_token_ahead: said(
    'The refresh token is newer than the table: it was restored from a backup.',
    'The caller starts another session at /token.',
  ),
  refresh_token_reused: said(
    'A refresh token that had been used came again: the session and its tokens were ended.',
    'Either two copies of a program refresh one session (give each its own), or the token was stolen: replace the secret of the client.',
  ),

  metadata_invalid: said('A field of the metadata is wrong.', 'The answer names it; docs/clients.md has its limits.'),
  query_invalid: said('limit or cursor in the URL is wrong.', 'limit is 1 to 100, cursor the next of the page before.'),
  query_parameter_unknown: said('The URL has a query parameter that is not known.', MALFORMED),
  session_not_found: said('There is no such session.', '"sessions list --client ID".'),
  client_id_differs: said('client_id in the body is another than in the path.', MALFORMED),
  client_id_unusable: said('The chosen client_id cannot be one.', '1 to 64 letters, digits, _ and -, and not m2m_ at its start.'),
  client_id_taken: said(
    'The chosen client_id belongs to a client, or did until that was deleted.',
    '"clients show ID"; ids of deleted clients stay taken for a year.',
  ),
  client_unknown: said('There is no such client.', '"clients list".'),
  client_changed_meanwhile: said('Somebody else changed the client at the same time.', 'Run the command again.'),
  secret_unknown: said('The client has no such secret.', '"secrets list ID".'),
  api_key_unknown: said('The client has no such API key.', '"api-keys list ID".'),
  api_keys_too_many: said(
    'The client has fifty live API keys.',
    '"api-keys list ID", then "api-keys expire ID KEY" for one that is not used.',
  ),
  api_key_terms_invalid: said(
    'A field of the new API key was not acceptable; field and problem say which and why.',
    'Correct that field and send it again.',
  ),
  secrets_too_many: said(
    'The client has five live secrets.',
    '"secrets list ID", then "secrets expire ID SECRET" for one that is not used.',
  ),
  rotation_not_registered: said(
    'The client asked for the successor of its secret and is not registered for secret_rotation.',
    '"clients update ID --secret-rotation 90d", or exchange its secret by hand: "secrets add ID".',
  ),
  successor_in_use: said(
    'The successor of this secret was taken before and is in use: whoever took it holds the only copy.',
    '"secrets impact ID" shows who uses it. If that is not the client: "secrets expire ID SUCCESSOR" and "secrets expire ID SECRET" end both, ' +
      '"secrets add ID" makes a fresh one.',
  ),
  secret_terms_invalid: said(
    'expires_at or ip_ranges is wrong.',
    'A time in RFC 3339 and in the future, as 2035-01-31T00:00:00Z; 1 to 10 networks, as 203.0.113.0/24.',
  ),
  beyond_manager: said(
    'The manager gave or changed more than it may.',
    'Let a manager without manages_tags do it, or give the manager what it is to pass on.',
  ),
  external_token_refused: said(
    "No trust rule takes the external issuer's token; cause, rule and detail say which came closest and what it did not take.",
    '"trust test TOKEN" says it of every rule. token_replayed: the workload asks its issuer for a fresh token each time, or the rule is made with --reusable.',
  ),
  grant_assertion_refused: said(
    'The assertion of a jwt-bearer grant does not serve; cause says why.',
    '"trust test TOKEN" says what each rule did not take; a cause of client authentication is explained under its own name.',
  ),
  trust_rule_invalid: said(
    'A trust rule is not as it must be, or strangers could satisfy it.',
    'The answer says what to change: docs/trust-rules.md.',
  ),
  trust_rule_unknown: said('There is no such trust rule.', '"trust list" shows them.'),
  trust_rules_too_many: said(
    'The issuer has as many trust rules as there may be.',
    '"trust list", then "trust remove" one; or use one_of in place of several.',
  ),
  idempotency_key_malformed: said('The Idempotency-Key is malformed.', MALFORMED),
  idempotency_key_of_another_request: said(
    'The Idempotency-Key was sent before with another body.',
    'A new key for each thing that is to be made.',
  ),
  idempotency_key_spent: said('What the Idempotency-Key made is gone, or older than 24 hours.', 'A new key.'),

  bearer_missing: said('No access token came.', LIBRARY),
  bearer_invalid: said('The access token is not taken.', SIGN_IN_AGAIN),
  bearer_scope_insufficient: said(
    'The access token lacks a scope.',
    'Register the scope for the client and let it ask for it: clients:manage is never given unasked.',
  ),
  not_found: said('There is nothing at this path.', 'Check the URL: the issuer has no stage in its path.'),
  method_not_allowed: said('The path does not take this method.', MALFORMED),
  dpop_proof_missing: said(
    'The token, client or session is bound to a DPoP key, and no proof came.',
    'Send a DPoP header made for this very request; "clients update ID" without --dpop-bound lets the client have unbound tokens.',
  ),
  dpop_proof_repeated: said('More than one DPoP header came.', 'Send exactly one; look for a proxy that adds its own.'),
  dpop_proof_invalid: said(
    'The DPoP proof is not one for this request: the flaw in the log says what is wrong.',
    'uri_wrong: htu must be the public URL (prop publicUrl, where a proxy stands before the API); too_old, from_the_future: set the clock of the caller, or dpopNonce; method_wrong, token_wrong: make a proof for each request.',
  ),
  dpop_proof_replayed: said('The DPoP proof was used before.', 'Make a proof with a fresh jti for each request, also when retrying one.'),
  dpop_nonce_required: said(
    'The DPoP proof had no nonce, or an old one.',
    'Nothing is wrong when it comes once in a few minutes: the caller takes the nonce from DPoP-Nonce and asks again. Otherwise it ignores that header.',
  ),
  bearer_proof_invalid: said(
    'The DPoP proof beside the access token does not serve.',
    'The fault in the log says why; "explain" knows it by that name.',
  ),
};

export const REASONS: Readonly<Record<FailureReason | DenialReason, Explanation>> = { ...SERVICE_REASONS, ...TOKEN_REASONS };

/** Of a bearer token at /revoke, besides the reasons of a denial. */
const FAULTS: Readonly<Record<string, Explanation>> = {
  malformed: said('What follows Bearer is not one token.', LIBRARY),
  not_the_token_itself: said(
    'A token may give up itself alone, not another.',
    'Authenticate as the client that the other token belongs to.',
  ),
  not_ours: said('The bearer is no access token of this service.', LIBRARY),
};

/** Undefined for a reason of another version of the service. @param fault of a bearer token, which says more than its reason. */
export function explanationOf(reason: string, fault?: unknown): Explanation | undefined {
  const known = new Map<string, Explanation>(Object.entries({ ...REASONS, ...FAULTS }));
  return (typeof fault === 'string' ? known.get(fault) : undefined) ?? known.get(reason);
}
