// A pod for tests: answers each TCP connection, and each UDP packet, with its own name and the address it saw.
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

const port = Number(process.env.PORT);
const answer = (address) => JSON.stringify({ pod: process.env.HOSTNAME, from: address.replace('::ffff:', '') });
createServer((socket) => {
  // A readiness probe hangs up without reading the answer.
  socket.on('error', () => socket.destroy());
  socket.end(answer(socket.remoteAddress));
}).listen(port, '::');
const udp = createSocket('udp6');
udp.on('message', (_, peer) => udp.send(answer(peer.address), peer.port, peer.address));
udp.bind(port);
