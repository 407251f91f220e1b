// What must never be in a log (SECURITY 113): anything that has the form of a secret, a token or an Authorization value.
const FORMS = [
  /m2m_(?:cs|ak|rt)_[A-Za-z0-9._-]{8,}/g,
  /\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*/g, // a JWT
  /\b(?:Basic|Bearer) [A-Za-z0-9+/_.~-]{12,}/gi,
  /-----BEGIN [A-Z ]*PRIVATE KEY/g,
];

/** Every place that has such a form, shortened so that the report does not repeat the secret. */
export const secretsIn = (text: string): readonly string[] =>
  FORMS.flatMap((form) => text.match(form) ?? []).map((found) => `${found.slice(0, 16)}…`);
