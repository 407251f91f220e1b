// Child process: serves one contestant on a free port and tells which. `node serve-process.ts <contestant> <algorithm>`
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CONTESTANTS, type ContestantName } from './contestants.ts';
import { tellProcessorTime } from '../processor-time.ts';
import { isBenchAlgorithm } from './signing-key.ts';

const [, , name, algorithm] = process.argv;
if (name === undefined || !(name in CONTESTANTS) || !isBenchAlgorithm(algorithm))
  throw new Error('usage: serve-process.ts <contestant> <algorithm>');

const server = createServer(CONTESTANTS[name as ContestantName](algorithm));
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on('message', tellProcessorTime);
process.once('disconnect', () => process.exit());
