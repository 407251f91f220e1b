// Why a token or API key is refused where it is presented, for the operator.
import type { DenialReason } from '../../src/authorizer/denial.ts';
import type { FailureReason } from '../../src/endpoints/failure.ts';
import { said, SIGN_IN_AGAIN, LIBRARY, REVOKED, RULE, type Explanation } from './explanation.ts';

export const TOKEN_REASONS: Readonly<Record<Exclude<DenialReason, FailureReason>, Explanation>> = {
  token_missing: said('No access token came.', LIBRARY),
  authorization_not_bearer: said('The Authorization header is not of the scheme Bearer.', LIBRARY),
  authorization_repeated: said('There was more than one Authorization header.', LIBRARY),
  authorization_malformed: said('What follows Bearer is not one token.', LIBRARY),
  token_too_long: said('The token is longer than any of this service.', LIBRARY),
  token_malformed: said('The token is no JWT: part of it is missing or changed.', LIBRARY),
  header_member_invalid: said('The header of the token has a member that is missing or not taken.', 'It is not a token of this service.'),
  key_unknown: said(
    'The token was signed under a key that this issuer does not publish.',
    'Another stage, or another issuer? Compare its iss with the issuer here.',
  ),
  algorithm_mismatch: said("The token's algorithm is not that of its key.", 'Somebody altered it: it is not a token of this service.'),
  signature_wrong: said('The signature is wrong: the token was altered or forged.', LIBRARY),
  type_wrong: said('The JWT is no access token (typ at+jwt).', 'Send the access token: an ID token or an assertion is none.'),
  claims_malformed: said('The payload of the token is not readable.', 'It is not a token of this service.'),
  claim_invalid: said('A claim of the token is missing or has the wrong form.', 'It is not an access token of this service.'),
  issuer_wrong: said(
    'The token is of another issuer.',
    'Let the caller get it from the expected issuer, or set the issuer of the authorizer.',
  ),
  audience_wrong: said(
    'The token is for another API.',
    'Let the caller ask with resource=<expected audience>, after "clients update ID --audience URL"; or set the audience of the authorizer. They are compared exactly.',
  ),
  token_expired: said(
    'The token has expired.',
    'The caller gets a new one before the old one ends. A few seconds: its clock, or time on the way; exp has no leeway.',
  ),
  token_from_the_future: said('The token was issued more than 60 s in the future.', 'Set the clock of the verifier, or of the issuer.'),
  token_revoked: said('The token was revoked.', REVOKED),
  epoch_raised: said('Everything of the client was ended after the token was issued: it was disabled, or all of it revoked.', REVOKED),
  key_distrusted: said('The signing key of the token was revoked.', SIGN_IN_AGAIN),
  binding_unproven: said(
    'The token is bound to a key or certificate, and came without its proof.',
    'Send it with its proof, or register the client without binding.',
  ),
  dpop_key_wrong: said(
    'The DPoP proof is signed with another key than the one that the token is bound to.',
    'Use the key that the token was got with. If nobody changed keys, the token was stolen: "revoke" it.',
  ),
  dpop_token_unbound: said('The scheme was DPoP and the token is bound to no key.', 'Send it as Bearer, or get it with a DPoP proof.'),
  dpop_url_unknown: said(
    'The authorizer does not know the URL that was asked for, so that no DPoP proof can be held against it.',
    'A TOKEN or WebSocket authorizer: use a REQUEST authorizer, or an unbound token.',
  ),
  proofs_unavailable: said(
    'Whether the DPoP proof was used before could not be found out.',
    'An outage, not the caller: docs/operations.md, "outage".',
  ),
  route_without_rule: said(
    'No route rule matches method and path.',
    'Add a rule for it: what no rule names is denied. Case and trailing slashes count.',
  ),
  scope_insufficient: said('The token lacks a scope that the route rule demands.', RULE),
  role_missing: said('The token lacks a role that the route rule demands.', RULE),
  factor_missing: said(
    'The client proved fewer factors than the route rule demands.',
    'Let it authenticate as the rule wants, or change the rule.',
  ),
  binding_missing: said(
    'The route rule demands a bound token.',
    'Register the client for certificate-bound or DPoP-bound tokens, or change the rule.',
  ),
  keys_unavailable: said("The issuer's keys could not be read.", 'An outage, not the caller: docs/operations.md, "outage".'),
  credentials_several: said('An API key and an access token, or two keys, came in one request.', 'Send one of them.'),
  api_key_malformed: said(
    'The API key has not the form of one of ours: it was mistyped or cut off.',
    '"api-keys add ID" makes another; a key is shown once.',
  ),
  api_key_refused: said(
    'The issuer does not take the API key: wrong, ended or expired, its client disabled or not registered for this audience.',
    'The refusal of /token a moment before, with the same client, says which. An address that sends many such keys is refused for a minute without asking.',
  ),
  api_key_unavailable: said(
    'The issuer could not be asked about the API key, or the key is over its limit of exchanges.',
    '"api-keys list ID" shows the limit; otherwise the issuer is down or not reachable from the authorizer.',
  ),
  revocation_unavailable: said(
    'Revocations could not be read, so nobody passes.',
    'An outage, not the caller: docs/operations.md, "outage".',
  ),
  method_not_accepted: said(
    'The route does not take what the caller proved itself by.',
    "The rule's methods list what it takes, in order; a token got by an API key counts as api_key.",
  ),
  certificate_not_accepted: said(
    "The certificate of the connection does not say what the route's rule demands, or there is none.",
    'Compare its subject, issuer and serial with the certificate member of the rule.',
  ),
};
