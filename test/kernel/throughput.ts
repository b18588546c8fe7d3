import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { inside, type Pair } from './namespaces.ts';

let port = 5400;

/** Bits a second that TCP carries between the target and one of its peers, in two seconds. */
export async function throughputOf(pair: Pair, address: string, way: 'from the target' | 'to the target'): Promise<number> {
  port += 1;
  const place = ['-p', String(port)];
  const server = spawn('nsenter', [`--net=/run/netns/${pair.peers}`, '--', 'iperf3', '-s', '-1', '-B', address, ...place], {
    stdio: 'ignore',
  });
  const ended = once(server, 'exit');
  await sleep(400);
  const turn = way === 'to the target' ? ['-R'] : [];
  const text = await inside(pair.target, ['iperf3', '-J', '-c', address, ...place, '-t', '2', '-O', '1', ...turn]);
  await ended;
  const { end, error } = JSON.parse(text) as { end: { sum_received?: { bits_per_second: number } }; error?: string };
  if (end.sum_received === undefined) throw new Error(`iperf3 to ${address}: ${String(error)}`);
  return end.sum_received.bits_per_second;
}
