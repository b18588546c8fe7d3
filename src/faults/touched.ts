/** Whether a fault would hurt packets that somebody saw, of which not everything is known. */
import type { FaultWork, PortRange, Protocol } from '../api/index.ts';
import { type Flow, flowsOf } from './classes.ts';
import { criteriaOf, type Criterion, exceptionsOf, exclusionsOf, holds } from './selection.ts';

/** As seen from a target. What is absent is not known. */
export type SeenPackets = {
  flow: Flow;
  /** Address of the other end. */
  peer: string;
  /** IP's number. */
  protocol?: number;
  peerPort?: number;
  ownPort?: number;
};

export type Touch = 'yes' | 'no' | 'unknown';

/**
 * What the gate decides, as far as it can be told. Of packets whose ports are not known it is taken that they are none of name resolution or sFlow;
 * the agent's own pings, by which it measures a dose, are left out.
 */
export function wouldTouch(work: FaultWork, packets: SeenPackets): Touch {
  if (!flowsOf(work).includes(packets.flow) || isSpared(work, packets)) return 'no';
  const asked = criteriaOf(work).filter(({ pingBytes }) => pingBytes === undefined);
  const { hosts = { peers: [], except: [] } } = work;
  const unresolved: Touch[] = hosts.peers.length > 0 ? ['unknown'] : [];
  const touch = mostCertain([...asked.map((criterion) => meets(criterion, packets)), ...unresolved]);
  // Neighbour discovery is always spared, and is of the same protocol as pings; a name's address may be the peer's.
  const mayBeSpared = packets.protocol === protocolNumbers.icmpv6 || hosts.except.length > 0;
  return touch === 'yes' && mayBeSpared ? 'unknown' : touch;
}

export function mostCertain(touches: readonly Touch[]): Touch {
  return touches.includes('yes') ? 'yes' : touches.includes('unknown') ? 'unknown' : 'no';
}

const protocolNumbers = { icmp: 1, igmp: 2, tcp: 6, udp: 17, icmpv6: 58, sctp: 132 } as const;
const numbersOf: Record<Protocol, readonly number[]> = {
  tcp: [protocolNumbers.tcp],
  udp: [protocolNumbers.udp],
  sctp: [protocolNumbers.sctp],
  icmp: [protocolNumbers.icmp, protocolNumbers.icmpv6],
};
const withoutPorts: readonly number[] = [protocolNumbers.icmp, protocolNumbers.igmp, protocolNumbers.icmpv6];

function isSpared(work: FaultWork, { flow, peer, protocol, peerPort, ownPort }: SeenPackets): boolean {
  const { include = [] } = work;
  const ofTcpOrUdp = protocol === undefined || protocol === protocolNumbers.tcp || protocol === protocolNumbers.udp;
  const isName = ofTcpOrUdp && peerPort === 53 && !include.includes('dns');
  const isSflow = (flow === 'egress' ? peerPort : ownPort) === 6343 && protocol !== protocolNumbers.tcp;
  if (isName || (isSflow && !include.includes('sflow')) || protocol === protocolNumbers.igmp) return true;
  return holds(exclusionsOf([work]), peer) || holds(exceptionsOf(work), peer);
}

function meets({ addresses, protocol, peerPorts, ownPorts }: Criterion, packets: SeenPackets): Touch {
  if (!holds(addresses, packets.peer)) return 'no';
  const answers = [
    protocol === undefined ? 'yes' : asksProtocol(numbersOf[protocol], packets.protocol),
    asksPort(peerPorts, packets.peerPort, packets.protocol),
    asksPort(ownPorts, packets.ownPort, packets.protocol),
  ];
  return answers.includes('no') ? 'no' : answers.includes('unknown') ? 'unknown' : 'yes';
}

function asksProtocol(wanted: readonly number[], protocol: number | undefined): Touch {
  if (protocol === undefined) return 'unknown';
  return wanted.includes(protocol) ? 'yes' : 'no';
}

function asksPort(wanted: PortRange | undefined, port: number | undefined, protocol: number | undefined): Touch {
  if (wanted === undefined) return 'yes';
  if (port !== undefined) return wanted.first <= port && port <= wanted.last ? 'yes' : 'no';
  return protocol !== undefined && withoutPorts.includes(protocol) ? 'no' : 'unknown';
}
