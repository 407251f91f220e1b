// Child process: answers every request as DynamoDB answers a BatchGetItem that finds one record of a client's size, so that what is left
// of a call is what the SDK and node:http cost whoever makes it.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { TABLE_NAME } from '../function-environment.ts';

const MEMBERS_OF_A_CLIENT = 25;
const item = Object.fromEntries(
  Array.from({ length: MEMBERS_OF_A_CLIENT }, (_, member) => [`member_of_client_${member}`, { S: 'a value of usual length' }]),
);
const answer = JSON.stringify({ Responses: { [TABLE_NAME]: [item] }, UnprocessedKeys: {} });

const server = createServer((request, response) => {
  request.resume();
  request.once('end', () => {
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0', 'content-length': Buffer.byteLength(answer) });
    response.end(answer);
  });
});
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.once('disconnect', () => process.exit());
