/** Traffic with ports, which pings do not have: UDP and TCP between the target and its peers, each with the time until its echo came. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { inside, type Pair } from '../kernel/namespaces.ts';

export type Conversation = {
  protocol: 'udp' | 'tcp';
  address: string;
  port: number;
  /** The target's own; @default any */
  ownPort?: number;
  /** @default 100 */
  bytes?: number;
};

const rounds = 3;
const timeoutMs = 2000;

/** Runs in the peers' namespace: answers whatever comes with the same. */
const echoing = `
const { createServer } = require('node:net');
const { createSocket } = require('node:dgram');
const { ports, addresses } = JSON.parse(process.argv[1]);
let left = ports.length * addresses.length * 2;
const ready = () => { left -= 1; if (left === 0) console.log('ready'); };
for (const port of ports) {
  for (const address of addresses) {
    createServer((socket) => { socket.on('error', () => {}); socket.pipe(socket); }).listen(port, address, ready);
    // Bound to one address, so that the answer comes from the one that was asked.
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    socket.on('message', (data, { address: to, port: from }) => socket.send(data, from, to));
    socket.bind(port, address, ready);
  }
}`;

/** Runs in the target's namespace: every round of every conversation, one after the other; null where no echo came in time. */
const asking = `
const { connect } = require('node:net');
const { createSocket } = require('node:dgram');
const { conversations, rounds, timeoutMs } = JSON.parse(process.argv[1]);
const udp = ({ address, port, ownPort, bytes }) => new Promise((settle) => {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  const done = (time) => { clearTimeout(timer); socket.close(() => settle(time)); };
  const timer = setTimeout(done, timeoutMs, null);
  socket.bind(ownPort, () => {
    const began = performance.now();
    socket.on('message', () => done(performance.now() - began));
    socket.send(Buffer.alloc(bytes), port, address);
  });
});
const tcp = ({ address, port, ownPort, bytes }) => new Promise((settle) => {
  const began = performance.now();
  let missing = bytes;
  const socket = connect({ host: address, port, localPort: ownPort });
  const done = (time) => { clearTimeout(timer); socket.resetAndDestroy(); socket.once('close', () => settle(time)); };
  const timer = setTimeout(done, timeoutMs, null);
  socket.on('error', () => {});
  socket.once('connect', () => { socket.end(Buffer.alloc(bytes)); });
  socket.on('data', (data) => { missing -= data.length; if (missing === 0) done(performance.now() - began); });
});
(async () => {
  const all = [];
  for (const conversation of conversations) {
    const times = [];
    for (let round = 0; round < rounds; round += 1) times.push(await (conversation.protocol === 'udp' ? udp : tcp)(conversation));
    all.push(times);
  }
  console.log(JSON.stringify(all));
})();`;

/** Echoes at these ports of these addresses of peers, until it is told to end. */
export async function startEchoes(
  { peers }: Pair,
  places: { addresses: readonly string[]; ports: readonly number[] },
): Promise<{ end: () => Promise<void> }> {
  const child = spawn('nsenter', [`--net=/run/netns/${peers}`, '--', process.execPath, '-e', echoing, JSON.stringify(places)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return {
    end: async () => {
      await end(child);
    },
  };
}

async function end(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

/** Of each conversation, times in milliseconds; undefined for a round without an echo. */
export async function converse({ target }: Pair, conversations: readonly Conversation[]): Promise<(number | undefined)[][]> {
  const whole = conversations.map((conversation) => ({ bytes: 100, ...conversation }));
  const asked = JSON.stringify({ conversations: whole, rounds, timeoutMs });
  const output = await inside(target, [process.execPath, '-e', asking, asked]);
  return (JSON.parse(output) as (number | null)[][]).map((times) => times.map((time) => time ?? undefined));
}
