// A second domain whose callers have certificates: what the prop `mtls` makes.
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { HostedZone } from 'aws-cdk-lib/aws-route53';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import type { Stack } from 'aws-cdk-lib';
import { describe, expect, it } from 'vitest';
import type { M2mAuthProps, MutualTlsProps } from '../../lib/m2m-auth-props.ts';
import { M2mAuth } from '../../lib/m2m-auth.ts';
import { functionIdOf } from './role-permissions.ts';
import { only, resources, synthesizedStack } from './synthesized-app.ts';

const ARN = 'arn:aws:acm:eu-west-1:111122223333:certificate/';
const certificate = (stack: Stack, id: string) => Certificate.fromCertificateArn(stack, `Certificate${id}`, `${ARN}${id}`);
type Parts = { readonly issuer?: boolean; readonly mtls?: Partial<MutualTlsProps> };
const withMutualTls = ({ issuer = true, mtls = {} }: Parts = {}) =>
  synthesizedStack((stack) => {
    const props: M2mAuthProps = {
      ...(issuer && { customDomain: { domainName: 'auth.example.com', certificate: certificate(stack, '1') } }),
      mtls: {
        domainName: 'mtls.auth.example.com',
        certificate: certificate(stack, '2'),
        truststore: { bucket: Bucket.fromBucketName(stack, 'Bucket', 'trust'), key: 'clients/ca.pem', version: 'v1' },
        ...mtls,
      },
    };
    new M2mAuth(stack, 'Auth', props);
  });

describe('mutual TLS', () => {
  const template = withMutualTls();
  const domains = Object.values(resources(template, 'AWS::ApiGatewayV2::DomainName')).map(({ Properties }) => Properties);

  it('is a second domain of the same API, with its truststore', () => {
    expect(domains.find(({ DomainName }) => DomainName === 'mtls.auth.example.com')).toEqual({
      DomainName: 'mtls.auth.example.com',
      DomainNameConfigurations: [{ CertificateArn: `${ARN}2`, EndpointType: 'REGIONAL', SecurityPolicy: 'TLS_1_2' }],
      MutualTlsAuthentication: { TruststoreUri: 's3://trust/clients/ca.pem', TruststoreVersion: 'v1' },
    });
    expect(domains.find(({ DomainName }) => DomainName === 'auth.example.com')).not.toHaveProperty('MutualTlsAuthentication');
    const mappings = Object.values(resources(template, 'AWS::ApiGatewayV2::ApiMapping')).map(({ Properties }) => Properties);
    expect(mappings).toHaveLength(2);
    expect(new Set(mappings.map(({ ApiId, Stage }) => JSON.stringify([ApiId, Stage]))).size).toBe(1);
  });

  it('is no way around: the URL that API Gateway gives the API is switched off', () => {
    expect(only(template, 'AWS::ApiGatewayV2::Api').Properties.DisableExecuteApiEndpoint).toBe(true);
  });

  it('is told in the metadata, and the issuer stays what it was', () => {
    const { Variables } = resources(template)[functionIdOf(template, 'FunctionsJwksFunction')]!.Properties.Environment;
    expect(Variables).toMatchObject({ ISSUER: 'https://auth.example.com', MTLS_URL: 'https://mtls.auth.example.com' });
  });

  it('takes a file of the app as its truststore, and makes a record in a hosted zone', () => {
    const own = synthesizedStack((stack) => {
      const hostedZone = HostedZone.fromHostedZoneAttributes(stack, 'Zone', { hostedZoneId: 'Z1', zoneName: 'example.com' });
      new M2mAuth(stack, 'Auth', {
        customDomain: { domainName: 'auth.example.com', certificate: certificate(stack, '1') },
        mtls: {
          domainName: 'mtls.example.com',
          certificate: certificate(stack, '2'),
          truststore: { file: new URL('../../package.json', import.meta.url).pathname },
          hostedZone,
        },
      });
    });
    const domain = Object.values(resources(own, 'AWS::ApiGatewayV2::DomainName')).find(
      ({ Properties }) => Properties.MutualTlsAuthentication,
    );
    expect(JSON.stringify(domain?.Properties.MutualTlsAuthentication.TruststoreUri)).toMatch(/s3:\/\//);
    expect(only(own, 'AWS::Route53::RecordSet').Properties.Name).toBe('mtls.example.com.');
  });

  it.each([
    [{ issuer: false }, 'mtls is "mtls.auth.example.com", but it needs customDomain too'],
    [{ mtls: { domainName: 'auth.example.com' } }, 'must be another name than customDomain.domainName'],
    [{ mtls: { domainName: 'https://mtls.example.com' } }, 'mtls.domainName is'],
  ])('is refused as %o', (parts, problem) => {
    expect(() => withMutualTls(parts)).toThrow(problem);
  });

  it('is not there unless asked for', () => {
    const without = synthesizedStack((stack) => {
      new M2mAuth(stack, 'Auth');
    });
    expect(resources(without, 'AWS::ApiGatewayV2::DomainName')).toEqual({});
    expect(resources(without)[functionIdOf(without, 'FunctionsJwksFunction')]!.Properties.Environment.Variables.MTLS_URL).toBe('off');
  });
});
