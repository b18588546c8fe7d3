// Runs inside the guest: an HTTP server on a unix socket and one on a TCP port, both offered to the host.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { openHostLink } from '../../../src/lab/guest/link/port.ts';

const big = Buffer.alloc(3_000_000, 'x');
const server = (name: string) =>
  createServer((request, response) => {
    if (request.url === '/big') response.end(big);
    else if (request.url === '/stream') response.write(`${name} `);
    else void request.toArray().then((parts) => response.end(`${name} ${String(Buffer.concat(parts as Buffer[]).length)}`));
  });
const socket = '/run/squall-guest/test.sock';
const onSocket = server('socket').listen(socket);
const onPort = server('port').listen(8080, '127.0.0.1');
await Promise.all([once(onSocket, 'listening'), once(onPort, 'listening')]);
const link = openHostLink();
link.offer('on-socket', { path: socket });
link.offer('on-port', { host: '127.0.0.1', port: 8080 });
console.log('offered');
process.once('SIGTERM', () => {
  void link.close().then(() => {
    process.exit(6);
  });
});
