/**
 * How many recorded datagrams are decoded in a second of processor time, in memory: without objects, as objects, as JSON, and by the engine of the collector,
 * which also keeps accounts of agents, smoothed values of flows and detectors. Beside sfacctd, where it is installed.
 */
import { createReadStream } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  absent,
  createDatagramDecoder,
  createDatagramWalker,
  type DatagramVisitor,
  readCapture,
} from '../../src/observers/index.ts';
import { datagramsOfFlows, engineWork, fullestOf } from './sflow-engine.ts';
import { benchBesideSfacctd } from './sflow-sfacctd.ts';
import { ratiosOf, rotated, type Spread, spreadOf, spreadText, tableLines } from './summary.ts';

const fixtures = fileURLToPath(new URL('../../test/fixtures/sflow', import.meta.url));
const recordings = [
  'hsflowd-pcap-tcp-s16',
  'ovs-agent6-s8',
  'ovs-exact-s1',
  'ovs-step-2000pps-s128',
  'ovs-tcp4-s64',
  'ovs-vxlan-s4',
];
const [rounds, roundMs] = [9, 400];

/** @default datagrams of the recordings */
type Subject = { name: string; work: (datagram: Uint8Array) => unknown; datagrams?: readonly Uint8Array[] };

const liveFlows = [10, 10_000, 100_000];

export async function benchSflow(): Promise<object> {
  const datagrams = (await Promise.all(recordings.map(readRecording))).flat();
  const samples = countSamples(datagrams);
  const subjects: Subject[] = [
    { name: 'walked, without objects', work: createDatagramWalker(countingVisitor()) },
    { name: 'walked, with frames by flow in a map', work: createDatagramWalker(flowTableVisitor()) },
    { name: 'decoded to objects', work: createDatagramDecoder() },
    { name: 'decoded to JSON', work: jsonDecoder() },
    { name: 'engine, flows as recorded', work: engineWork({ hasThreshold: false }) },
    { name: 'engine, and a threshold', work: engineWork({ hasThreshold: true }) },
    ...liveFlows.map((flows) => ({
      name: `engine, ${String(flows)} live flows`,
      work: engineWork({ hasThreshold: false }),
      datagrams: datagramsOfFlows(fullestOf(datagrams), flows),
    })),
  ];
  const rates: Record<string, number[]> = Object.fromEntries(subjects.map(({ name }) => [name, []]));
  // The first round compiles, and is not counted.
  for (let round = 0; round <= rounds; round += 1) {
    for (const { name, work, datagrams: own = datagrams } of rotated(subjects, round)) {
      const rate = datagramsPerCpuSecond(own, work);
      if (round > 0) rates[name]?.push(rate);
    }
  }
  const bases = rates[subjects[0]?.name ?? ''] ?? [];
  const rows = subjects.map(({ name, datagrams: own = datagrams }) =>
    rowOf(name, rates[name] ?? [], bases, countSamples(own) / own.length),
  );
  const bytes = datagrams.reduce((sum, { length }) => sum + length, 0);
  console.log(
    `${datagrams.length} recorded datagrams of ${Math.round(bytes / datagrams.length)} bytes and ${(samples / datagrams.length).toFixed(1)} samples in the mean, ${rounds} rounds of ${roundMs} ms each; medians (least to greatest)`,
  );
  const head = ['', 'datagrams / CPU s', 'samples / CPU s', 'of walking'];
  for (const line of tableLines([head, ...rows.map(({ cells }) => cells)], 1)) console.log(line);
  const besideSfacctd = await benchBesideSfacctd(`${fixtures}/ovs-tcp4-s64.pcap`);
  const results = rows.map(({ result }) => result);
  return { datagrams: datagrams.length, samples, bytes, rounds, roundMs, rows: results, besideSfacctd };
}

function rowOf(name: string, rates: readonly number[], bases: readonly number[], samplesEach: number) {
  const thousands = (spread: Spread, factor: number): string =>
    `${spreadText({ median: spread.median * factor, least: spread.least * factor, greatest: spread.greatest * factor }, 0)} k`;
  const [datagrams, ratio] = [spreadOf(rates), ratiosOf(rates, bases)];
  const result = { name, datagramsPerCpuSecond: datagrams, samplesPerCpuSecond: datagrams.median * samplesEach, ratio };
  const cells = [name, thousands(datagrams, 1e-3), thousands(datagrams, samplesEach * 1e-3), spreadText(ratio, 2)];
  return { result, cells };
}

async function readRecording(name: string): Promise<Uint8Array[]> {
  const payloads: Uint8Array[] = [];
  for await (const captured of readCapture(createReadStream(`${fixtures}/${name}.bin`), { name })) {
    if (captured.kind === 'datagram') payloads.push(captured.payload);
  }
  return payloads;
}

function datagramsPerCpuSecond(datagrams: readonly Uint8Array[], work: Subject['work']): number {
  const [before, started] = [process.cpuUsage(), performance.now()];
  let count = 0;
  while (performance.now() - started < roundMs) {
    for (const datagram of datagrams) work(datagram);
    count += datagrams.length;
  }
  const { user, system } = process.cpuUsage(before);
  return (count / (user + system)) * 1e6;
}

const quiet = { datagram: () => undefined, counterSample: () => undefined, skippedSample: () => undefined };

/** Uses of every sample what a counter of traffic would, so that nothing of the work can be left out. */
function countingVisitor(): DatagramVisitor & { frames: number } {
  const visitor = {
    ...quiet,
    frames: 0,
    flowSample: ({ rate, packet }: Parameters<DatagramVisitor['flowSample']>[0]) => {
      if (packet.outer.destinationPort !== absent) visitor.frames += rate;
    },
  };
  return visitor;
}

/** Frames of each pair of addresses, ports and protocol: what a collector does besides. */
function flowTableVisitor(): DatagramVisitor {
  const flows = new Map<string, number>();
  return {
    ...quiet,
    flowSample: ({ rate, packet: { outer } }, view) => {
      if (outer.ipVersion !== 4) return;
      const { ipSourceOffset, ipDestinationOffset, ipProtocol, sourcePort, destinationPort } = outer;
      const key = `${view.getUint32(ipSourceOffset)} ${view.getUint32(ipDestinationOffset)} ${ipProtocol} ${sourcePort} ${destinationPort}`;
      flows.set(key, (flows.get(key) ?? 0) + rate);
    },
  };
}

function jsonDecoder(): Subject['work'] {
  const decode = createDatagramDecoder();
  return (datagram) => JSON.stringify(decode(datagram));
}

function countSamples(datagrams: readonly Uint8Array[]): number {
  let count = 0;
  const walk = createDatagramWalker({
    ...quiet,
    flowSample: () => (count += 1),
    counterSample: () => (count += 1),
  });
  for (const datagram of datagrams) walk(datagram);
  return count;
}
