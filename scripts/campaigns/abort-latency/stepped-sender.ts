/**
 * A pod that sends UDP datagrams at an even rate: node stepped-sender.ts ADDRESS PORT RATE STEP_RATE. With SIGUSR2 it goes over to the second rate from
 * the next datagram on and says when that one went out, with SIGHUP it goes back. Each datagram begins with a mark and the instant at which it was sent.
 */
import { createSocket } from 'node:dgram';
import { datagramBytes, writeSentAt } from './sent-at.ts';

const [address = '', port = '', ...rates] = process.argv.slice(2);
const [usual = 0, stepped = 0] = rates.map(Number);
const tickMs = 1;
/** More at once would be a burst, and no even rate: what a stalled process did not send is left out. */
const mostAtOnce = 64;

const socket = createSocket('udp4');
const datagram = Buffer.alloc(datagramBytes);
let rate = usual;
let sent = 0;
let since = performance.now();
let isFirstOfStep = false;

function change(to: number): void {
  isFirstOfStep = to === stepped && rate !== stepped;
  rate = to;
  sent = 0;
  since = performance.now();
}

function tick(): void {
  const due = Math.floor(((performance.now() - since) * rate) / 1000) + 1 - sent;
  for (let count = 0; count < Math.min(due, mostAtOnce); count += 1) {
    const at = Date.now();
    writeSentAt(datagram, at);
    // A copy: it is sent when this function has returned, and the next one is written into the same bytes before.
    socket.send(Buffer.from(datagram), Number(port), address);
    if (isFirstOfStep) console.log(JSON.stringify({ stepAt: at }));
    isFirstOfStep = false;
  }
  sent += due;
}

process.on('SIGUSR2', () => {
  change(stepped);
});
process.on('SIGHUP', () => {
  change(usual);
});
process.on('SIGTERM', () => process.exit(0));
setInterval(tick, tickMs);
