// The HTTP API resource and its name. It is state, because its id is part of the issuer that every token carries.
import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { CfnApi, CfnDomainName } from 'aws-cdk-lib/aws-apigatewayv2';
import { ARecord, RecordTarget } from 'aws-cdk-lib/aws-route53';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { Construct } from 'constructs';
import type { CustomDomainProps, MutualTlsProps, TruststoreProps } from '../m2m-auth-props.ts';

export interface IssuerApiProps {
  /** @default the API's own URL */
  readonly issuer?: string;
  /** @default none */
  readonly customDomain?: CustomDomainProps;
  /** @default none */
  readonly mtls?: MutualTlsProps;
}

export class IssuerApi extends Construct {
  readonly apiId: string;
  /** The issuer URL, without a trailing slash. */
  readonly issuer: string;
  /** Name of the custom domain resource, for the mapping. */
  readonly domainName: string | undefined;
  /** The same for the domain with mutual TLS. */
  readonly mtlsDomainName: string | undefined;
  /** Where callers with certificates find the API, without a trailing slash. */
  readonly mtlsUrl: string | undefined;

  constructor(scope: Construct, id: string, { issuer, customDomain, mtls }: IssuerApiProps) {
    super(scope, id);
    // An HTTP API: served at the root without a custom domain, and WWW-Authenticate leaves it under its own name.
    const api = new CfnApi(this, 'Api', {
      name: `${Stack.of(this).stackName}-issuer`,
      description: 'm2m-auth: OAuth 2.0 issuer for machine-to-machine access tokens',
      protocolType: 'HTTP',
      disableExecuteApiEndpoint: customDomain !== undefined,
    });
    api.applyRemovalPolicy(RemovalPolicy.RETAIN);
    this.apiId = api.ref;
    this.issuer = issuer ?? api.attrApiEndpoint;
    this.domainName = customDomain && this.domain('', customDomain);
    this.mtlsDomainName = mtls && this.domain('Mtls', mtls, this.truststore(mtls.truststore));
    this.mtlsUrl = mtls && `https://${mtls.domainName}`;
  }

  private truststore(truststore: TruststoreProps): CfnDomainName.MutualTlsAuthenticationProperty {
    if ('file' in truststore) return { truststoreUri: new Asset(this, 'Truststore', { path: truststore.file }).s3ObjectUrl };
    const { bucket, key, version } = truststore;
    return { truststoreUri: bucket.s3UrlForObject(key), ...(version !== undefined && { truststoreVersion: version }) };
  }

  /** @param mutualTlsAuthentication with it, API Gateway lets nobody in without a certificate. */
  private domain(
    prefix: '' | 'Mtls',
    { domainName, certificate, hostedZone }: CustomDomainProps,
    mutualTlsAuthentication?: CfnDomainName.MutualTlsAuthenticationProperty,
  ): string {
    const domain = new CfnDomainName(this, `${prefix}Domain`, {
      domainName,
      ...(mutualTlsAuthentication && { mutualTlsAuthentication }),
      domainNameConfigurations: [{ certificateArn: certificate.certificateArn, endpointType: 'REGIONAL', securityPolicy: 'TLS_1_2' }],
    });
    domain.applyRemovalPolicy(RemovalPolicy.RETAIN);
    if (hostedZone) {
      const target = { dnsName: domain.attrRegionalDomainName, hostedZoneId: domain.attrRegionalHostedZoneId };
      // The trailing dot keeps CDK from appending the zone's name once more.
      new ARecord(this, `${prefix}Record`, {
        zone: hostedZone,
        recordName: `${domainName}.`,
        target: RecordTarget.fromAlias({ bind: () => target }),
      });
    }
    return domain.ref;
  }
}
