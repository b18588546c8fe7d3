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
const askUdp = () =>
  new Promise((resolve) => {
    const socket = createSocket(family);
    const end = (answer) => {
      clearTimeout(timer);
      socket.close();
      resolve(answer);
    };
    const timer = setTimeout(() => end({ error: 'timeout' }), 3000);
    socket.on('message', (text) => end(JSON.parse(text)));
    socket.send('?', Number(port), address);
  });

const answers = [];
for (let turn = 0; turn < Number(times); turn += 1) answers.push(await (protocol === 'udp' ? askUdp() : askTcp()));
console.log(JSON.stringify(answers));
