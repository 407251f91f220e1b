// Child process: `node metered-requests-process.ts <kms|delegated>` tells its parent what each kind of request uses.
import { meterRequests } from './metered-requests.ts';

const [, , signing] = process.argv;
if (signing !== 'kms' && signing !== 'delegated') throw new Error('usage: metered-requests-process.ts <kms|delegated>');
process.once('disconnect', () => process.exit());
process.send?.(await meterRequests(signing));
