import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

// A process of its own that takes whatever is sent to it by OTLP, and throws it away; `GET /` tells how many bytes it was.
let taken = 0;
const server = createServer((request, response) => {
  if (request.method === 'GET') return response.end(String(taken));
  request.on('data', (chunk: Buffer) => (taken += chunk.length));
  request.on('end', () => response.end());
});
server.listen(0, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
// It ends with who started it.
process.stdin.resume().once('end', () => process.exit(0));
