// The sample API in a stack of its own, as an API that somebody else owns would be.
import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { SampleApi, type SampleApiProps } from '../sample-api.ts';

export class SampleStack extends Stack {
  constructor(scope: Construct, id: string, props: StackProps & SampleApiProps) {
    super(scope, id, { description: 'm2m-auth: sample API', ...props });
    new SampleApi(this, 'Sample', props);
  }
}
