/** Datagrams of as many flows as are asked for, and engines that keep them: what a collector does with a datagram but for the socket. */
import {
  createDatagramWalker,
  createNetworkEngine,
  type Subscription,
  type WatchedThreshold,
} from '../../src/observers/index.ts';
import { seededRandom } from '../random.ts';

const addresses = ['ipsource', 'ipdestination', 'ipprotocol'];
const ports = ['or:tcpsourceport:udpsourceport', 'or:tcpdestinationport:udpdestinationport'];
/** So high that no detector decides: what is measured is how it weighs. */
const threshold: WatchedThreshold = {
  name: 'never',
  flow: 'tuple',
  value: 1e12,
  detector: 'cusum',
  condition: 'above',
  rearmMs: 60_000,
  byFlow: true,
  exemptTargets: false,
};

/** An engine with the flows of addresses, protocol and ports. */
export function engineWork({ hasThreshold }: { hasThreshold: boolean }): (datagram: Uint8Array) => unknown {
  const engine = createNetworkEngine({ startedAt: 0, limits: { flows: 200_000 } });
  const subscription: Subscription = {
    id: 'bench',
    flows: [{ name: 'tuple', keys: [...addresses, ...ports], value: 'frames', smoothingMs: 2000, top: 10 }],
    thresholds: hasThreshold ? [threshold] : [],
    armings: [],
  };
  engine.put(subscription, 0);
  const numbered = createNumbering();
  let nowMs = 0;
  return (datagram) => engine.datagram(numbered(datagram), (nowMs += 1));
}

/** Datagrams come again and again, which an engine does not count: each is numbered anew, in place, as the next of its agent. */
function createNumbering(): (datagram: Uint8Array) => Uint8Array {
  const sequences = new Map<number, number>();
  return (datagram) => {
    const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
    const offset = view.getUint32(4) === 2 ? 28 : 16;
    // The end of the address, and the sub-agent, tell those of recordings apart.
    const agent = view.getUint32(offset - 8) ^ view.getUint32(offset - 4);
    const sequence = (sequences.get(agent) ?? 0) + 1;
    sequences.set(agent, sequence);
    view.setUint32(offset, sequence);
    return datagram;
  };
}

/**
 * Copies of a recorded datagram, whose samples have source addresses of their own, in no order: each flow once.
 * @param template with samples of IPv4 packets
 */
export function datagramsOfFlows(template: Uint8Array, flows: number, seed = 1): Uint8Array[] {
  const offsets = sourceOffsets(template);
  if (offsets.length === 0) throw new Error('expected a template with a sample of an IPv4 packet');
  const random = seededRandom(seed);
  const sources = Array.from({ length: flows }, (_, index) => 0x0a00_0000 + index);
  for (let index = sources.length - 1; index > 0; index -= 1) {
    const other = Math.floor(random() * (index + 1));
    [sources[index], sources[other]] = [sources[other] ?? 0, sources[index] ?? 0];
  }
  return Array.from({ length: Math.ceil(flows / offsets.length) }, (_, datagram) => {
    const copy = Uint8Array.from(template);
    const view = new DataView(copy.buffer);
    offsets.forEach((offset, sample) => {
      view.setUint32(offset, sources[(datagram * offsets.length + sample) % flows] ?? 0);
    });
    return copy;
  });
}

function sourceOffsets(template: Uint8Array): number[] {
  const offsets: number[] = [];
  const walk = createDatagramWalker({
    datagram: () => undefined,
    flowSample: ({ packet: { outer } }) => {
      if (outer.ipVersion === 4) offsets.push(outer.ipSourceOffset);
    },
    counterSample: () => undefined,
    skippedSample: () => undefined,
  });
  walk(template);
  return offsets;
}

/** The one of the most samples of IPv4 packets. */
export function fullestOf(datagrams: readonly Uint8Array[]): Uint8Array {
  let fullest: Uint8Array = new Uint8Array();
  let most = 0;
  for (const datagram of datagrams) {
    const samples = sourceOffsets(datagram).length;
    if (samples > most) [fullest, most] = [datagram, samples];
  }
  return fullest;
}
