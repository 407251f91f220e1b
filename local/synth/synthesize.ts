// Runs inside a worker thread: synthesizes the CDK app into the folder that it is given.
import { workerData } from 'node:worker_threads';
import { buildApp, type BuildAppProps } from '../../bin/app.ts';

// cdk-nag and CloudFormation's own rules are for `npm run check`: the template is the same without them, in half the time.
buildApp({ ...(workerData as Pick<BuildAppProps, 'outdir' | 'auth'>), checks: false }).synth();
