/** The gate as the kernel runs it, for one packet: rules in order, each with all its matches, until one returns. */
import { BlockList } from 'node:net';
import type { Gate, GateRule, PacketMatch } from '../../src/faults/gate.ts';

export type Packet = {
  device: string;
  family: 'ipv4' | 'ipv6';
  destination: string;
  is?: 'name-resolution' | 'neighbour-discovery' | 'group-membership' | 'icmp' | 'tcp-from-prober' | 'tcp-to-prober';
};

/** @param leases fault id → device, of the leases that are held */
export function runGate(gate: Gate, leases: ReadonlyMap<string, string>, packet: Packet): { band: number; counted: string[] } {
  const counted: string[] = [];
  for (const rule of gate.rules) {
    if (!matchesRule(gate, leases, packet, rule)) continue;
    counted.push(...rule.counters);
    if (rule.returns) return { band: rule.band ?? 1, counted };
  }
  return { band: 1, counted };
}

function matchesRule(gate: Gate, leases: ReadonlyMap<string, string>, packet: Packet, { matches }: GateRule): boolean {
  const holds = (match: PacketMatch): boolean => {
    switch (match.match) {
      case 'leaves-by-other-device':
        return !match.devices.includes(packet.device);
      case 'destination':
        return match.family === packet.family && contains(match.blocks, packet);
      case 'lease':
        return leases.get(match.faultId) === packet.device;
      case 'peer': {
        const set = gate.peerSets.find(({ name }) => name === `peers_${match.family}_${match.faultId}`);
        if (set === undefined)
          throw new Error(`a rule names the set of ${match.faultId}, which does not exist: nft would refuse the gate`);
        return match.family === packet.family && contains(set.blocks, packet);
      }
      case 'probe':
        return match.family === packet.family && match.protocol === packet.is;
      default:
        return match.match === packet.is;
    }
  };
  return matches.every(holds);
}

/** Membership by Node's own list of blocks, which shares no code with the planner. */
export function contains(blocks: readonly string[], { destination, family }: Pick<Packet, 'destination' | 'family'>): boolean {
  const list = new BlockList();
  for (const block of blocks) {
    const [address = '', prefix] = block.split('/');
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return list.check(destination, family);
}
