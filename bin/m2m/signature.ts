// Calls as an AWS principal: Signature Version 4, for the routes below /iam.
import type { SignatureV4Init } from '@smithy/signature-v4';
import { CommandError, type Options } from './command.ts';

export type Signing = Pick<SignatureV4Init, 'credentials'> & { readonly region: string };

export const IAM_OPTIONS: Options = {
  iam: { help: "As an AWS principal: with this shell's AWS credentials and profile, locally with the key pair in credentials.json" },
};

type Unsigned = { readonly method: string; readonly url: URL; readonly headers: Readonly<Record<string, string>>; readonly body: string };

/** The headers with which the request is to be sent, its signature among them. */
export async function signedHeaders(
  { region, credentials }: Signing,
  { method, url, headers, body }: Unsigned,
): Promise<Record<string, string>> {
  // Loaded when needed: most calls are not signed.
  const [{ SignatureV4 }, { Sha256 }] = await Promise.all([import('@smithy/signature-v4'), import('@smithy/core/checksum')]);
  const signer = new SignatureV4({ service: 'execute-api', region, credentials, sha256: Sha256 });
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

/** The SDK's usual chain: environment, profiles, SSO, processes, containers, instances. */
export const shellSigning = (issuer: string): Signing => ({
  region: regionOf(issuer),
  credentials: async () => (await import('@aws-sdk/credential-provider-node')).defaultProvider()(),
});

/** API Gateway's own host names say their Region; behind a name of yours it is that of the shell. */
function regionOf(issuer: string): string {
  const region =
    /\.execute-api\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?$/.exec(new URL(issuer).hostname)?.[1] ||
    process.env['AWS_REGION'] ||
    process.env['AWS_DEFAULT_REGION'];
  if (region) return region;
  throw new CommandError('The Region to sign for is not known.', "Set AWS_REGION to the Region of the service's stacks.", 2);
}
