// node ask.mjs tcp|udp ADDRESS PORT TIMES: asks a server so many times, each from a new port; prints the answers as a JSON list.
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';

const [protocol, address, port, times] = process.argv.slice(2);
const family = address.includes(':') ? 'udp6' : 'udp4';

const askTcp = () =>
  new Promise((resolve) => {
    let text = '';
    connect({ host: address, port: Number(port), timeout: 3000 })
      .on('data', (chunk) => (text += chunk))
      .on('timeout', () => resolve({ error: 'timeout' }))
      .on('error', (error) => resolve({ error: error.code }))
      .on('end', () => resolve(JSON.parse(text)));
  });
// Open until the end, so that no port is given twice: the connection tracker would take both datagrams for one connection.
const sockets = [];
const askUdp = () =>
  new Promise((resolve) => {
    const socket = createSocket(family);
    sockets.push(socket);
    const end = (answer) => {
      clearTimeout(timer);
      resolve(answer);
    };
    const timer = setTimeout(() => end({ error: 'timeout' }), 3000);
    socket.on('message', (text) => end(JSON.parse(text)));
    socket.send('?', Number(port), address);
  });

const answers = [];
for (let turn = 0; turn < Number(times); turn += 1) answers.push(await (protocol === 'udp' ? askUdp() : askTcp()));
for (const socket of sockets) socket.close();
console.log(JSON.stringify(answers));
