// Conditions of trust rules as they are typed, and as they are shown.
import {
  claimText,
  conditionText,
  type ClaimCondition,
  type ClaimName,
  type ClaimValue,
} from '../../src/client-authentication/claim-condition.ts';
import { CommandError } from './command.ts';
import { inWords } from './table.ts';

/** @param where `claim=text` or `claim:=json`. @param prefixes `claim=text`. What is wrong with the values is the service's to say. */
export function conditionsFrom(where: readonly string[], prefixes: readonly string[]): readonly ClaimCondition[] {
  const values = new Map<string, { readonly claim: ClaimName; readonly values: ClaimValue[] }>();
  for (const text of where) {
    const { claim, value } = split('where', text);
    const known = values.get(claimText(claim)) ?? { claim, values: [] };
    known.values.push(value);
    values.set(claimText(claim), known);
  }
  const fixed = [...values.values()].map(({ claim, values: [first = '', ...others] }) =>
    others.length === 0 ? { claim, equals: first } : { claim, one_of: [first, ...others] },
  );
  return [...fixed, ...prefixes.map((text) => prefixFrom(text))];
}

function prefixFrom(text: string): ClaimCondition {
  const { claim, value } = split('prefix', text);
  return { claim, prefix: String(value) };
}

function split(option: string, text: string): { readonly claim: ClaimName; readonly value: ClaimValue } {
  const [, path, name, json, value = ''] = /^(?:(\[.*?\])|([^[=][^=]*?))(:?)=(.*)$/s.exec(text) ?? [];
  if (path === undefined && name === undefined)
    throw new CommandError(`--${option} must be CLAIM=VALUE, not ${JSON.stringify(text)}.`, 'Example: --where repository_id=456789', 2);
  const claim = path === undefined ? (name ?? '') : (parsed(option, path) as ClaimName);
  return { claim, value: json === ':' ? (parsed(option, value) as ClaimValue) : value };
}

function parsed(option: string, json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new CommandError(`--${option} holds ${JSON.stringify(json)}, which is no JSON.`, 'A text needs no colon: CLAIM=TEXT.', 2);
  }
}

export const conditionsInWords = (conditions: readonly ClaimCondition[]): string =>
  conditions.map((condition) => `${inWords(claimText(condition.claim)) ?? ''} ${inWords(conditionText(condition)) ?? ''}`).join('; ');
