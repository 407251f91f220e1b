// Calls as an AWS principal: Signature Version 4, for the routes below /iam.
import type { SignatureV4Init } from '@smithy/signature-v4';
import { CommandError, type Options } from './command.ts';

export type Signing = Pick<SignatureV4Init, 'credentials'> & {
  readonly region: string;
  /** As signatures name it; API Gateway's by default. */
  readonly service?: string;
};

export const PROFILE_OPTIONS: Options = {
  profile: { value: 'NAME', help: 'That profile of your AWS configuration (default: AWS_PROFILE, else what the shell has)' },
};
export const IAM_OPTIONS: Options = {
  iam: { help: "As an AWS principal: with this shell's AWS credentials and profile, locally with the key pair in credentials.json" },
  ...PROFILE_OPTIONS,
};

type Unsigned = { readonly method: string; readonly url: URL; readonly headers: Readonly<Record<string, string>>; readonly body: string };

/** The headers with which the request is to be sent, its signature among them. */
export async function signedHeaders(
  { region, credentials, service = 'execute-api' }: Signing,
  { method, url, headers, body }: Unsigned,
): Promise<Record<string, string>> {
  // Loaded when needed: most calls are not signed.
  const [{ SignatureV4 }, { Sha256 }] = await Promise.all([import('@smithy/signature-v4'), import('@smithy/core/checksum')]);
  const signer = new SignatureV4({ service, region, credentials, sha256: Sha256 });
  const query: Record<string, string[]> = {};
  for (const name of url.searchParams.keys()) query[name] = url.searchParams.getAll(name);
  const { protocol, hostname, pathname: path, host } = url;
  try {
    return (await signer.sign({ method, protocol, hostname, path, query, headers: { ...headers, host }, body })).headers;
  } catch (error) {
    throw new CommandError(
      `There are no AWS credentials to sign with: ${(error as Error).message}`,
      'Set AWS_PROFILE, or sign in as for the AWS command line ("aws sts get-caller-identity" shows as whom).',
    );
  }
}

/** API Gateway's own host names say their Region; behind a name of yours it is that of the shell or the profile. */
export async function shellSigning(issuer: string, profile?: string): Promise<Signing> {
  const [, own] = /\.execute-api\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?$/.exec(new URL(issuer).hostname) ?? [];
  return { region: own ?? (await shellRegion(profile)), credentials: shellCredentials(profile) };
}

/** The SDK's usual chain: environment, profiles (keys, roles, SSO, processes), web identity, containers, instances. */
export function shellCredentials(profile?: string): Extract<Signing['credentials'], (...all: never[]) => unknown> {
  return async () => {
    const { defaultProvider } = await import('@aws-sdk/credential-provider-node');
    // A profile that was named is meant, whatever keys the environment has besides: no warning.
    if (profile === undefined) return await defaultProvider()();
    try {
      return await defaultProvider({ profile, logger: SILENT })();
    } catch (error) {
      throw new Error(`profile ${JSON.stringify(profile)}: ${(error as Error).message}`, { cause: error });
    }
  };
}
const SILENT = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** AWS_REGION, else the Region of the profile. */
export async function shellRegion(profile?: string): Promise<string> {
  const region = process.env['AWS_REGION'] || process.env['AWS_DEFAULT_REGION'] || (await profileRegion(profile));
  if (region) return region;
  throw new CommandError(
    'The Region to sign for is not known.',
    "Set AWS_REGION to the Region of the service's stacks, or a region in your profile.",
    2,
  );
}

async function profileRegion(profile: string | undefined): Promise<string | undefined> {
  const { loadConfig, NODE_REGION_CONFIG_FILE_OPTIONS, NODE_REGION_CONFIG_OPTIONS } = await import('@smithy/core/config');
  const options = { ...NODE_REGION_CONFIG_FILE_OPTIONS, ...(profile === undefined ? {} : { profile }) };
  // It throws where neither environment nor file names one.
  return await loadConfig(NODE_REGION_CONFIG_OPTIONS, options)().catch(() => undefined);
}
