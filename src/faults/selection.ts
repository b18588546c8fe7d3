/** Which packets a fault hurts, as kinds of traffic that can be intersected and asked. */
import type { Addresses, FaultWork, PortRange } from '../api/index.ts';
import {
  type AddressRange,
  areSameRanges,
  families,
  type Family,
  familyOf,
  intersectRanges,
  joinRanges,
  parseBlock,
  parseBlocks,
  parseByFamily,
} from './addresses.ts';
import { ownDosePings } from './dose-pings.ts';
import { type AddressSet, intersectTraffic, isEmpty, isWithinTraffic, joinPorts, type Traffic } from './traffic.ts';

/** One kind of what a fault hurts. */
export type Criterion = Traffic & {
  /** Which of the fault's peer groups the addresses are of; absent where no set in the kernel holds them. */
  peerGroup?: number;
};

/** Peers that are asked for with the same ports of theirs: a set of addresses in the kernel for each family. */
type PeerGroup = { addresses: AddressSet; ports?: PortRange };

export function peerGroupsOf({ peers }: Pick<FaultWork, 'peers'>): PeerGroup[] {
  if (peers === 'all') return [{ addresses: 'all' }];
  const { atPorts = [], ...anyPort } = peers;
  return [{ addresses: rangesOf(anyPort) }, ...atPorts.map(({ ports, ...at }) => ({ addresses: rangesOf(at), ports }))];
}

function rangesOf({ ipv4, ipv6 }: Addresses): Record<Family, AddressRange[]> {
  return { ipv4: parseBlocks(ipv4, 'ipv4'), ipv6: parseBlocks(ipv6, 'ipv6') };
}

/** A packet that is of one of them is hurt, unless its address is excepted. */
export function criteriaOf(work: FaultWork): Criterion[] {
  const { protocol } = work;
  const ports = work.ports === undefined ? [undefined] : joinPorts(work.ports);
  const asked = peerGroupsOf(work).flatMap(({ addresses, ports: peerPorts }, index) =>
    ports.map((ownPorts): Criterion => {
      const held = addresses === 'all' ? {} : { peerGroup: index };
      return { addresses, protocol, peerPorts, ownPorts, ...held };
    }),
  );
  return [...asked, ...ownDosePings(work)].filter(({ addresses }) => !isEmpty(addresses));
}

export function intersectSelections(a: readonly Traffic[], b: readonly Traffic[]): Traffic[] {
  return a.flatMap((one) => b.flatMap((other) => intersectTraffic(one, other) ?? []));
}

/** Whether every address of such traffic is spared by one of these faults, so that no packet of it meets all of them. */
export function isSpared({ addresses }: Traffic, works: readonly FaultWork[]): boolean {
  if (addresses === 'all') return false;
  const exceptions = works.map(exceptionsOf);
  return families.every((family) => {
    const spared = joinRanges(exceptions.flatMap((excepted) => excepted[family]));
    return areSameRanges(intersectRanges(addresses[family], spared), addresses[family]);
  });
}

/** Whether every packet of `a` is one of `b`. It says no where only several kinds of `b` together cover one of `a`. */
export function isWithin(a: readonly Traffic[], b: readonly Traffic[]): boolean {
  return a.every((one) => b.some((other) => isWithinTraffic(one, other)));
}

/** The addresses that a fault spares though its peers cover them. */
export function exceptionsOf({ except = { ipv4: [], ipv6: [] } }: Pick<FaultWork, 'except'>): Record<Family, AddressRange[]> {
  return rangesOf(except);
}

/** Whether a fault spares some of what another hurts. */
export function sparesSomeOf(work: FaultWork, other: FaultWork): boolean {
  const [spared, alsoSpared] = [exceptionsOf(work), exceptionsOf(other)];
  return families.some((family) =>
    criteriaOf(other).some(({ addresses }) => {
      const common = addresses === 'all' ? spared[family] : intersectRanges(addresses[family], spared[family]);
      return !areSameRanges(intersectRanges(common, alsoSpared[family]), common);
    }),
  );
}

export function holds(addresses: AddressSet, address: string): boolean {
  if (addresses === 'all') return true;
  const family = familyOf(address);
  const { first } = parseBlock(address, family);
  return addresses[family].some((range) => range.first <= first && first <= range.last);
}

/** The addresses that no fault of a namespace hurts, by family, as sorted blocks. */
export function exclusionsOf(works: readonly FaultWork[]): Record<Family, AddressRange[]> {
  return parseByFamily(works.flatMap(({ excluded }) => excluded));
}
