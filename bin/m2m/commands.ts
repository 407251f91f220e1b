// Every command of the tool, in the order of its help.
import { apiKeys } from './api-keys.ts';
import { audit } from './audit.ts';
import { block } from './block.ts';
import { certs } from './certs.ts';
import { clients } from './clients.ts';
import { importClients } from './import.ts';
import type { Command } from './command.ts';
import { explain } from './explain.ts';
import { introspect } from './introspect.ts';
import { keys } from './keys.ts';
import { overminting } from './overminting.ts';
import { revoke } from './revoke.ts';
import { secrets } from './secrets.ts';
import { sessions } from './sessions.ts';
import { token } from './token.ts';
import { trust } from './trust.ts';

export const COMMANDS: readonly Command[] = [
  ...clients,
  overminting,
  importClients,
  ...secrets,
  ...apiKeys,
  ...trust,
  ...sessions,
  ...block,
  ...certs,
  token,
  introspect,
  revoke,
  ...keys,
  audit,
  explain,
];
