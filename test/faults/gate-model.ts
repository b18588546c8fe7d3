/** The gate as the kernel runs it, for one packet: rules in order, each with all its matches, until one ends the packet's way. */
import { BlockList } from 'node:net';
import type { Gate, PeerSet } from '../../src/faults/gate.ts';
import type { GateRule, PacketMatch } from '../../src/faults/gate-rules.ts';

export type Packet = {
  flow: 'egress' | 'ingress';
  device: string;
  family: 'ipv4' | 'ipv6';
  /** Of the other end. */
  address: string;
  protocol?: 'tcp' | 'udp' | 'icmp';
  /** Of a packet of tcp or udp. */
  ports?: { peer: number; target: number };
  /** Of a ping. */
  dataBytes?: number;
  is?:
    | 'no-ip'
    | 'name-resolution'
    | 'sflow'
    | 'neighbour-discovery'
    | 'group-membership'
    | 'icmp'
    | 'tcp-from-prober'
    | 'tcp-to-prober';
};

/** Where the packet waits: undefined when it goes its way as without us. */
export type Passage = { place?: { device: string; band: number }; counted: string[] };

type Leases = ReadonlyMap<string, string>;

/** @param leases fault id → device, of the leases that are held */
export function runGate(gate: Gate, leases: Leases, packet: Packet): Passage {
  if (packet.flow === 'egress') {
    const { priority, counted } = runRules(gate.rules, gate.peerSets, leases, packet);
    const marked = { ...packet, priority };
    const atDevice = gate.devices?.chains.find(({ hook, device }) => hook === 'egress' && device === packet.device);
    const { forwardTo, priority: there } = runRules(atDevice?.rules ?? [], [], leases, marked);
    if (forwardTo === undefined) return passage({ device: packet.device, priority }, counted);
    // Without a priority it takes the first band there.
    return passage({ device: forwardTo, priority: there === 'none' ? 'fa17:1' : there }, counted);
  }
  const chain = gate.devices?.chains.find(({ hook, device }) => hook === 'ingress' && device === packet.device);
  const { priority, forwardTo, counted } = runRules(chain?.rules ?? [], gate.devices?.peerSets ?? [], leases, packet);
  return passage({ device: forwardTo, priority }, counted);
}

function passage({ device, priority }: { device?: string; priority?: string }, counted: string[]): Passage {
  const [, minor] = /^fa17:([0-9a-f]+)$/.exec(priority ?? '') ?? [];
  if (device === undefined || minor === undefined) return { counted };
  return { place: { device, band: Number.parseInt(minor, 16) }, counted };
}

type Marked = Packet & { priority?: string };

function runRules(rules: readonly GateRule[], peerSets: readonly PeerSet[], leases: Leases, packet: Marked) {
  const counted: string[] = [];
  for (const rule of rules) {
    if (!rule.matches.every((match) => holds(match, peerSets, leases, packet))) continue;
    counted.push(...rule.counters);
    const { priority, forwardTo } = rule;
    if (rule.returns || forwardTo !== undefined) return { priority, forwardTo, counted };
  }
  return { counted };
}

function holds(match: PacketMatch, peerSets: readonly PeerSet[], leases: Leases, packet: Marked): boolean {
  switch (match.match) {
    case 'leaves-by-other-device':
      return !match.devices.includes(packet.device);
    case 'address':
      return match.family === packet.family && contains(match.blocks, packet);
    case 'no-lease':
      return match.faultIds.every((faultId) => leases.get(faultId) !== packet.device);
    case 'lease':
      return leases.get(match.faultId) === packet.device;
    case 'peer': {
      const suffix = match.group === 0 ? '' : `_${String(match.group)}`;
      const { blocks } = setNamed(peerSets, `peers_${match.family}_${match.faultId}${suffix}`);
      return match.family === packet.family && contains(blocks, packet);
    }
    case 'not-excepted': {
      const { blocks } = setNamed(peerSets, `except_${match.family}_${match.faultId}`);
      return match.family === packet.family && !contains(blocks, packet);
    }
    case 'family':
      return match.family === packet.family;
    case 'protocol':
      return match.protocol === packet.protocol;
    case 'port': {
      const port = packet.ports?.[match.of];
      return port !== undefined && match.ports.first <= port && port <= match.ports.last;
    }
    case 'ping':
      return match.family === packet.family && packet.protocol === 'icmp' && match.dataBytes === packet.dataBytes;
    case 'probe':
      return match.family === packet.family && match.protocol === packet.is;
    case 'priority':
      return match.priority === packet.priority;
    default:
      return match.match === packet.is;
  }
}

function setNamed(peerSets: readonly PeerSet[], name: string): PeerSet {
  const set = peerSets.find((one) => one.name === name);
  if (set === undefined) throw new Error(`a rule names the set ${name}, which does not exist: nft would refuse the gate`);
  return set;
}

/** Membership by Node's own list of blocks, which shares no code with the planner. */
export function contains(blocks: readonly string[], { address, family }: Pick<Packet, 'address' | 'family'>): boolean {
  const list = new BlockList();
  for (const block of blocks) {
    const [first = '', prefix] = block.split('/');
    if (prefix === undefined) list.addAddress(first, family);
    else list.addSubnet(first, Number(prefix), family);
  }
  return list.check(address, family);
}
