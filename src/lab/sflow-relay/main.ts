/**
 * Carries sFlow datagrams out of a network namespace: `sflow-relay REQUEST`, a RelayRequest as JSON. A socket stays in the namespace that it was
 * made in, so this program, started again over there as `sflow-relay receive ADDRESS`, makes the receiving one, hands it over and ends. Nothing
 * of the machine's own network changes. Says `ready` to whoever started it.
 */
import { spawn } from 'node:child_process';
import { createSocket, Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { RelayRequest } from '../switch/relay.ts';

type Address = RelayRequest['listen'];

/** What may wait here while the processor does something else; the kernel gives less where net.core.rmem_max says so. */
const receiveBufferBytes = 4 * 1024 * 1024;
/** Of datagrams that could not be sent, so many are told of as one. */
const failuresAtOnce = 1000;

const [, program = '', first = '', second = ''] = process.argv;
if (first === 'receive') handOver(JSON.parse(second) as Address);
else relay(JSON.parse(first) as RelayRequest);

function handOver({ host, port }: Address): void {
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
  socket.bind(port, host, () => {
    socket.setRecvBufferSize(receiveBufferBytes);
    process.send?.('socket', socket, undefined, () => {
      process.exit(0);
    });
  });
}

function relay({ networkNamespace, listen, targets }: RelayRequest): void {
  const outward = { udp4: createSocket('udp4'), udp6: createSocket('udp6') };
  const ways = targets.map((target) => ({ ...target, socket: outward[isIPv6(target.host) ? 'udp6' : 'udp4'] }));
  let failures = 0;
  const tell = (error: Error | null): void => {
    if (error === null) return;
    if (failures % failuresAtOnce === 0)
      console.error(`${failures + 1} datagrams could not be sent, the last one: ${error.message}`);
    failures += 1;
  };
  const command = [`--net=${networkNamespace}`, '--', process.execPath, program, 'receive', JSON.stringify(listen)];
  const helper = spawn('nsenter', command, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  let isReceiving = false;
  helper.once('message', (_, socket) => {
    if (!(socket instanceof Socket)) throw new Error('expected a socket');
    isReceiving = true;
    socket.on('message', (datagram) => {
      for (const way of ways) way.socket.send(datagram, way.port, way.host, tell);
    });
    process.send?.('ready');
  });
  helper.once('close', (code) => {
    if (isReceiving) return;
    console.error(`no socket could be made in ${networkNamespace}; the program there ended with ${String(code)}`);
    process.exit(1);
  });
}
