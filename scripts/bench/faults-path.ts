/** What packets pay for a gate that no lease opens: one pair of namespaces, with and without the gate in turn. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { createKernelDriver } from '../../src/agent/kernel/index.ts';
import type { Direction, FaultWork } from '../../src/api/index.ts';
import { systemClock } from '../../src/lib/index.ts';
import { createPair, inside, type Pair, ping } from '../../test/kernel/namespaces.ts';
import { answered } from '../../test/kernel/statistics.ts';
import type { ActingFault } from './fault.ts';
import { type PathRow, pathRows, type PathSample, type PathRound, type Variant, variants } from './path-rows.ts';
import { middleMeanOf, rotated } from './summary.ts';

/** Of the pair's peers, and among those of every fault here. */
const peer = '10.99.0.2';
/** Never hurt, so that the gate has a rule for it, as it has on a node. */
const node = '10.99.0.9';
const port = '5201';
const pings = { count: 400, periodMs: 2 };

export async function measurePath(rounds: number, fault: ActingFault): Promise<PathRow[]> {
  const pair = await createPair();
  const server = spawn('nsenter', [`--net=/run/netns/${pair.peers}`, '--', 'iperf3', '-s', '-p', port], { stdio: 'ignore' });
  try {
    await untilServes(pair);
    const { stateFolder, instance, namespace } = pair;
    const chooseDriver = () => Promise.resolve(fault.driver);
    const driver = await createKernelDriver({ stateFolder, instance, clock: systemClock, chooseDriver });
    const sampleOf = async (variant: Variant): Promise<PathSample> => {
      const gate = gateOf[variant];
      if (gate === undefined) return await sample(pair);
      await driver.prepare(namespace, faultOf(fault.work, gate));
      const found = await sample(pair);
      const { residue } = await driver.remove(namespace, fault.work.id);
      if (residue > 0) throw new Error(`${String(residue)} things are left in ${namespace.path}`);
      return found;
    };
    const done: PathRound[] = [];
    // The first round does not count: processors and caches wake up in it.
    for (let round = 0; round <= rounds; round += 1) {
      const samples: Partial<PathRound> = {};
      for (const variant of rotated(variants, round)) samples[variant] = await sampleOf(variant);
      if (round > 0) done.push(samples as PathRound);
    }
    return pathRows(done);
  } finally {
    const ended = once(server, 'exit');
    server.kill('SIGKILL');
    await ended;
    await pair.dispose();
  }
}

const gateOf: Readonly<Record<Variant, { direction: Direction; peers: number } | undefined>> = {
  'no gate': undefined,
  'no gate again': undefined,
  'gate out, 10 peers': { direction: 'egress', peers: 10 },
  'gate out, 1000 peers': { direction: 'egress', peers: 1000 },
  'gate both ways, 10 peers': { direction: 'both', peers: 10 },
  'gate both ways, 1000 peers': { direction: 'both', peers: 1000 },
};

/** Of peers that do not join to fewer blocks. */
function faultOf(work: FaultWork, { direction, peers }: { direction: Direction; peers: number }): FaultWork {
  const others = Array.from({ length: peers - 1 }, (_, index) => `10.98.${String(index >> 7)}.${String(2 * (index & 127) + 1)}`);
  return { ...work, direction, peers: { ipv4: [peer, ...others], ipv6: [] }, excluded: [node] };
}

async function untilServes({ peers }: Pair): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    if ((await inside(peers, ['ss', '-Hltn'])).includes(`:${port} `)) return;
    await sleep(50);
  }
  throw new Error('iperf3 does not listen');
}

async function sample({ target }: Pair): Promise<PathSample> {
  const iperf = async (args: string[]): Promise<string> =>
    await inside(target, ['iperf3', '-J', '-c', peer, '-p', port, '-t', '1', ...args]);
  const tcp = resultOf(await iperf([]));
  // The smallest that iperf3 sends: what a packet costs shows more the less there is in it.
  const udp = resultOf(await iperf(['-u', '-b', '0', '-l', '16']));
  const { [peer]: times = [] } = await ping(target, [peer], pings);
  return {
    tcpBitsPerSecond: tcp.sum_received?.bits_per_second ?? Number.NaN,
    udpPacketsPerSecond: (udp.sum?.packets ?? Number.NaN) / (udp.sum?.seconds ?? Number.NaN),
    rttMs: middleMeanOf(answered(times)),
  };
}

type IperfEnd = { sum_received?: { bits_per_second: number }; sum?: { packets: number; seconds: number } };

/** It exits 0 whatever happens, and says in its answer what has. */
function resultOf(text: string): IperfEnd {
  const { end, error } = JSON.parse(text) as { end?: IperfEnd; error?: string };
  if (end === undefined || error !== undefined) throw new Error(`iperf3: ${String(error)}`);
  return end;
}
