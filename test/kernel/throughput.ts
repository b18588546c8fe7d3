import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { inside, type Pair } from './namespaces.ts';

let port = 5400;

/**
 * Bits a second that get through between the target and one of its peers, of UDP that is sent faster than any rate of the tests. Counted as
 * whole IP packets by the kernel that receives them, over two seconds in the middle: sender and receiver may be slow to start and end.
 */
export async function throughputOf(pair: Pair, address: string, way: 'from the target' | 'to the target'): Promise<number> {
  port += 1;
  const place = ['-p', String(port)];
  const server = iperf(pair.peers, ['-s', '-1', '-B', address, ...place]);
  await sleep(400);
  const turn = way === 'to the target' ? ['-R'] : [];
  const client = iperf(pair.target, ['-c', address, ...place, '-u', '-b', '16M', '-l', '1000', '-t', '20', ...turn]);
  const receiver = way === 'from the target' ? pair.peers : pair.target;
  try {
    await untilFlows(receiver, address);
    const first = await octetsIn(receiver, address);
    await sleep(2000);
    const second = await octetsIn(receiver, address);
    return (8000 * (second.octets - first.octets)) / (second.at - first.at);
  } finally {
    for (const child of [client, server]) await end(child);
  }
}

/** Until far more has come than what opens the connection. */
async function untilFlows(receiver: string, address: string): Promise<void> {
  const { octets, at } = await octetsIn(receiver, address);
  for (;;) {
    await sleep(200);
    const now = await octetsIn(receiver, address);
    if (now.octets - octets > 100_000) return;
    if (now.at - at > 20_000) throw new Error(`iperf3 to ${address} sent only ${String(now.octets - octets)} bytes in 20 s`);
  }
}

function iperf(namespace: string, args: string[]): ChildProcess {
  return spawn('nsenter', [`--net=/run/netns/${namespace}`, '--', 'iperf3', ...args], { stdio: 'ignore' });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

/** Of one family, as the kernel counts them (RFC 4293, ipSystemStatsHCInOctets). */
async function octetsIn(namespace: string, address: string): Promise<{ octets: number; at: number }> {
  const file = address.includes(':') ? '/proc/net/snmp6' : '/proc/net/netstat';
  const text = await inside(namespace, ['cat', file]);
  const at = performance.now();
  if (address.includes(':')) return { octets: Number(/^Ip6InOctets\s+(\d+)/m.exec(text)?.[1]), at };
  const [names = '', values = ''] = text.split('\n').filter((line) => line.startsWith('IpExt:'));
  return { octets: Number(values.split(' ')[names.split(' ').indexOf('InOctets')]), at };
}
