/** An exporter of sFlow that is only simulated: datagrams as an agent sends them, numbered by it. */
import type { NetworkCrossing, NetworkEngine } from '../../../src/observers/index.ts';
import { concat, ethernet, half, rawHeader, tagged, tcp, udp, words } from '../sflow/build.ts';

export type Packet = {
  source?: string;
  destination?: string;
  protocol?: 'tcp' | 'udp';
  sourcePort?: number;
  destinationPort?: number;
  frameLength?: number;
  samplingRate?: number;
  /** Index of the data source. */
  from?: number;
};

export type Exporter = {
  datagram: (uptimeMs: number, packets: readonly Packet[], how?: { counters?: boolean }) => Uint8Array;
  lose: (datagrams: number) => void;
};

type ExporterOptions = { agent?: string; subAgent?: number; samplingRate?: number };

export function createExporter({ agent = '192.0.2.1', subAgent = 0, samplingRate = 8 }: ExporterOptions = {}): Exporter {
  let [sequence, sampleSequence] = [0, 0];
  const sampleOf = (packet: Packet): Uint8Array => {
    sampleSequence += 1;
    const { from = 1000, samplingRate: rate = samplingRate } = packet;
    const header = headerOf(packet);
    const fixed = words(sampleSequence, 0x02000000 | from, rate, rate * sampleSequence, 0, 9, 10, 1);
    return Buffer.concat([words(1, fixed.length + header.length), fixed, header]);
  };
  const counters = (): Uint8Array => tagged(2, words(1, 3, 0));
  return {
    datagram: (uptimeMs, packets, { counters: hasCounters = false } = {}) => {
      sequence += 1;
      const samples = [...packets.map(sampleOf), ...(hasCounters ? [counters()] : [])];
      const header = [words(5, 1), Uint8Array.from(addressBytes(agent)), words(subAgent, sequence, uptimeMs, samples.length)];
      return Buffer.concat([...header, ...samples]);
    },
    lose: (datagrams) => {
      sequence += datagrams;
    },
  };
}

const addressBytes = (address: string): number[] => address.split('.').map(Number);

/** Thousands of samples are of the same few packets. */
const headers = new WeakMap<Packet, Uint8Array>();

function headerOf(packet: Packet): Uint8Array {
  const header = headers.get(packet) ?? rawHeader(frameOf(packet), 1, packet.frameLength ?? 1000);
  headers.set(packet, header);
  return header;
}

function frameOf({
  source = '10.0.0.1',
  destination = '10.0.0.2',
  protocol = 'tcp',
  sourcePort = 40000,
  destinationPort = 80,
}: Packet): Uint8Array {
  const segment = protocol === 'tcp' ? tcp(sourcePort, destinationPort, 2) : udp(sourcePort, destinationPort);
  const header = concat([0x45, 0, ...half(20 + segment.length), 0, 1, 0, 0, 63, protocol === 'tcp' ? 6 : 17, 0, 0]);
  return ethernet(0x0800, header, addressBytes(source), addressBytes(destination), segment);
}

export type Stretch = {
  fromMs: number;
  toMs: number;
  everyMs?: number;
  /** Of each datagram. */
  packets: readonly Packet[];
  /** Counters come with the datagrams at multiples of it. */
  pollingMs?: number;
};

/** Sends what a stretch of time brings, with a tick every second, and returns what crossed. The agent was started at 0. */
export function play(
  engine: NetworkEngine,
  exporter: Exporter,
  { fromMs, toMs, everyMs = 100, packets, pollingMs = 5000 }: Stretch,
): NetworkCrossing[] {
  const crossings: NetworkCrossing[] = [];
  for (let atMs = fromMs; atMs < toMs; atMs += everyMs) {
    crossings.push(...engine.datagram(exporter.datagram(atMs, packets, { counters: atMs % pollingMs === 0 }), atMs));
    if (atMs % 1000 === 0) crossings.push(...engine.tick(atMs));
  }
  return crossings;
}

export const times = (count: number, packet: Packet = {}): Packet[] => Array.from({ length: count }, () => packet);
