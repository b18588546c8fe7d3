/** Kinds of packets between the target and the other end: addresses, protocol and ports. What of two kinds is common to both is of that shape again. */
import type { PortRange, Protocol } from '../api/index.ts';
import { type AddressRange, areSameRanges, families, type Family, intersectRanges } from './addresses.ts';

/** `all` is every address of both families; an empty family is never hurt. */
export type AddressSet = 'all' | Record<Family, AddressRange[]>;

/** A packet is of it when all that is given here holds. */
export type Traffic = {
  /** Of the other end. */
  addresses: AddressSet;
  protocol?: Protocol;
  peerPorts?: PortRange;
  /** Of the target itself. */
  ownPorts?: PortRange;
  /** Pings with so many bytes of data: those by which the dose is measured where nothing else of the traffic is a ping. */
  pingBytes?: number;
};

/** Undefined where no packet is of both. */
export function intersectTraffic(a: Traffic, b: Traffic): Traffic | undefined {
  const addresses = intersectAddresses(a.addresses, b.addresses);
  const [peerPorts, ownPorts] = [commonPorts(a.peerPorts, b.peerPorts), commonPorts(a.ownPorts, b.ownPorts)];
  const [protocol, pingBytes] = [commonValue(a.protocol, b.protocol), commonValue(a.pingBytes, b.pingBytes)];
  if ([addresses, peerPorts, ownPorts, protocol, pingBytes].includes('nothing')) return undefined;
  const common = { addresses, protocol, peerPorts, ownPorts, pingBytes } as Traffic;
  const hasPorts = common.peerPorts !== undefined || common.ownPorts !== undefined;
  if (common.protocol === 'icmp' && hasPorts) return undefined;
  return common;
}

function intersectAddresses(a: AddressSet, b: AddressSet): AddressSet | 'nothing' {
  if (a === 'all') return b;
  if (b === 'all') return a;
  const common = { ipv4: intersectRanges(a.ipv4, b.ipv4), ipv6: intersectRanges(a.ipv6, b.ipv6) };
  return isEmpty(common) ? 'nothing' : common;
}

/** The same ports as ranges of which none touches another, in order. */
export function joinPorts(ranges: readonly PortRange[]): PortRange[] {
  const joined: PortRange[] = [];
  for (const { first, last } of ranges.toSorted((a, b) => a.first - b.first)) {
    const previous = joined.at(-1);
    if (previous !== undefined && first <= previous.last + 1) previous.last = Math.max(previous.last, last);
    else joined.push({ first, last });
  }
  return joined;
}

function commonPorts(a: PortRange | undefined, b: PortRange | undefined): PortRange | undefined | 'nothing' {
  if (a === undefined || b === undefined) return a ?? b;
  const common = { first: Math.max(a.first, b.first), last: Math.min(a.last, b.last) };
  return common.first <= common.last ? common : 'nothing';
}

function commonValue<Value>(a: Value | undefined, b: Value | undefined): Value | undefined | 'nothing' {
  if (a === undefined || b === undefined) return a ?? b;
  return a === b ? a : 'nothing';
}

export function isEmpty(addresses: AddressSet): boolean {
  return addresses !== 'all' && families.every((family) => addresses[family].length === 0);
}

/** Whether every packet of `a` is one of `b`. */
export function isWithinTraffic(a: Traffic, b: Traffic): boolean {
  const common = intersectTraffic(a, b);
  return common !== undefined && areSameAddresses(common.addresses, a.addresses) && areSameBesides(common, a);
}

function areSameAddresses(a: AddressSet, b: AddressSet): boolean {
  if (a === 'all' || b === 'all') return a === b;
  return families.every((family) => areSameRanges(a[family], b[family]));
}

function areSameBesides(a: Traffic, b: Traffic): boolean {
  const besides = ({ protocol, peerPorts, ownPorts, pingBytes }: Traffic) =>
    [protocol, peerPorts?.first, peerPorts?.last, ownPorts?.first, ownPorts?.last, pingBytes].join(' ');
  return besides(a) === besides(b);
}

/** Families in which there is such a packet; undefined when it holds in both without asking. */
export function familiesOf({ addresses }: Traffic): Family[] | undefined {
  return addresses === 'all' ? undefined : families.filter((family) => addresses[family].length > 0);
}
