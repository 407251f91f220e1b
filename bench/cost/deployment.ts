// What of the bill the template decides: the sizes of the functions, what stands there all month, what an access log line says.
import { cachedAssembly } from '../../local/synth/cached-assembly.ts';
import { readAssembly } from '../../local/template/assembly.ts';
import type { Resource } from '../../local/template/template.ts';

export type Deployment = {
  /** Megabytes of the function whose description says what it is, such as `token endpoint`. */
  memoryMb(description: string): number;
  /** How many resources of a type there are. */
  count(type: string): number;
  /** Bytes of one access log line of the issuer's API. */
  readonly accessLogBytes: number;
};

/** What API Gateway writes for each variable of the access log; lengths as seen, not contents. */
const ACCESS_LOG_VALUE: Readonly<Record<string, string>> = {
  '$context.requestId': 'x'.repeat(16),
  '$context.requestTime': '21/Nov/2026:09:00:00 +0000',
  '$context.identity.sourceIp': '203.0.113.57',
  '$context.routeKey': 'POST /token',
  '$context.status': '200',
  '$context.responseLength': '1024',
  '$context.responseLatency': '25',
  '$context.integrationErrorMessage': '-',
};

export async function deployment(): Promise<Deployment> {
  const { directory } = await cachedAssembly();
  const resources = readAssembly(directory).flatMap(({ template }) => Object.values(template.Resources));
  const ofType = (type: string): readonly Resource[] => resources.filter(({ Type }) => Type === type);
  const stage = ofType('AWS::ApiGatewayV2::Stage')[0]?.Properties?.['AccessLogSettings'] as { Format: string } | undefined;
  if (stage === undefined) throw new Error("the issuer's stage writes no access log");
  return {
    memoryMb: (description) => {
      const found = ofType('AWS::Lambda::Function').find(({ Properties }) =>
        JSON.stringify(Properties?.['Description'])?.includes(description),
      );
      return Number(found?.Properties?.['MemorySize'] ?? missing(description));
    },
    count: (type) => ofType(type).length,
    accessLogBytes: Buffer.byteLength(stage.Format.replaceAll(/\$context\.[A-Za-z.]+/g, (name) => ACCESS_LOG_VALUE[name] ?? missing(name))),
  };
}

function missing(what: string): never {
  throw new Error(`the template has no ${what} that is known here`);
}
