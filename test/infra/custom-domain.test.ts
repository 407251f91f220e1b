import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { HostedZone } from 'aws-cdk-lib/aws-route53';
import { describe, expect, it } from 'vitest';
import { M2mAuth } from '../../lib/m2m-auth.ts';
import type { CustomDomainProps } from '../../lib/m2m-auth-props.ts';
import { functionIdOf } from './role-permissions.ts';
import { only, resources, synthesizedStack } from './synthesized-app.ts';

const CERTIFICATE = 'arn:aws:acm:eu-west-1:111122223333:certificate/1';
const withDomain = (others: (certificate: CustomDomainProps['certificate']) => CustomDomainProps) =>
  synthesizedStack((stack) => {
    new M2mAuth(stack, 'Auth', { customDomain: others(Certificate.fromCertificateArn(stack, 'Certificate', CERTIFICATE)) });
  });

describe('a custom domain', () => {
  const template = withDomain((certificate) => ({ domainName: 'auth.example.com', certificate }));
  const domain = only(template, 'AWS::ApiGatewayV2::DomainName');

  it('is served with its certificate over TLS 1.2 or later, and outlives the stack', () => {
    const [configuration] = domain.Properties.DomainNameConfigurations;
    expect(domain.DeletionPolicy).toBe('Retain');
    expect(configuration).toEqual({ CertificateArn: CERTIFICATE, EndpointType: 'REGIONAL', SecurityPolicy: 'TLS_1_2' });
  });

  it('leads to the stage, at its root', () => {
    const { Stage, ApiMappingKey } = only(template, 'AWS::ApiGatewayV2::ApiMapping').Properties;
    expect(Stage).toEqual({ Ref: Object.keys(resources(template, 'AWS::ApiGatewayV2::Stage'))[0] });
    expect(ApiMappingKey).toBeUndefined();
  });

  it('is the issuer, and the only way in', () => {
    const { Variables } = resources(template)[functionIdOf(template, 'FunctionsTokenFunction')]!.Properties.Environment;
    expect(Variables.ISSUER).toBe('https://auth.example.com');
    expect(only(template, 'AWS::ApiGatewayV2::Api').Properties.DisableExecuteApiEndpoint).toBe(true);
  });

  it('gets no record without a hosted zone', () => {
    expect(resources(template, 'AWS::Route53::RecordSet')).toEqual({});
  });
});

it('with a hosted zone, the name points at the domain', () => {
  const template = synthesizedStack((stack) => {
    const hostedZone = HostedZone.fromHostedZoneAttributes(stack, 'Zone', { hostedZoneId: 'Z1', zoneName: 'example.com' });
    const certificate = Certificate.fromCertificateArn(stack, 'Certificate', CERTIFICATE);
    new M2mAuth(stack, 'Auth', { customDomain: { domainName: 'auth.example.com', certificate, hostedZone } });
  });
  const record = only(template, 'AWS::Route53::RecordSet').Properties;
  const [domain] = Object.keys(resources(template, 'AWS::ApiGatewayV2::DomainName'));
  expect(record).toMatchObject({ Name: 'auth.example.com.', Type: 'A', HostedZoneId: 'Z1' });
  expect(record.AliasTarget.DNSName).toEqual({ 'Fn::GetAtt': [domain, 'RegionalDomainName'] });
});
