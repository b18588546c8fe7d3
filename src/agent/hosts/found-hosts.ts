/** What the names of a fault's peers and exceptions were found to be, and the fault that comes of it. Pure. */
import { BlockList } from 'node:net';
import type { Addresses, FaultWork, Peers, PortRange } from '../../api/index.ts';
import type { FoundHost, HostLookupLine } from '../../probes/index.ts';
import { isShownByPings } from '../dose.ts';

/** By name. */
export type FoundHosts = ReadonlyMap<string, FoundHost>;

/** Each name once. */
export function namesIn({ hosts }: Pick<FaultWork, 'hosts'>): string[] {
  return [...new Set([...(hosts?.peers ?? []).map(({ host }) => host), ...(hosts?.except ?? [])])];
}

/** What was found now, and of names that were not found what was known before. */
export function learn(
  known: FoundHosts,
  lines: readonly HostLookupLine[],
): { found: FoundHosts; unknown: { host: string; error: string }[] } {
  const found = new Map(known);
  const unknown: { host: string; error: string }[] = [];
  for (const line of lines) {
    if ('error' in line) unknown.push(line);
    else found.set(line.host, line);
  }
  return { found, unknown };
}

const [leastMs, mostMs] = [5000, 60_000];

/**
 * When to look up again: when the first address is not to be believed any more, but not before 5 s, and after 60 s at the latest. After
 * failures in a row after 5 s, 10 s, 20 s … to 60 s.
 */
export function nextLookupInMs(found: FoundHosts, failures: number): number {
  if (failures > 0) return Math.min(leastMs * 2 ** (failures - 1), mostMs);
  const shortestMs = Math.min(...[...found.values()].map(({ ttlSeconds = Infinity }) => ttlSeconds * 1000));
  return Math.min(Math.max(shortestMs, leastMs), mostMs);
}

/** The fault with addresses in the place of names; the very same where it has none. */
export function withFoundHosts(work: FaultWork, found: FoundHosts, podUid: string): FaultWork {
  const { hosts, ...rest } = work;
  if (hosts === undefined) return work;
  const addressesOf = (names: readonly string[]): Addresses => joined(names.flatMap((name) => found.get(name) ?? []));
  const anyPort = addressesOf(hosts.peers.filter(({ ports }) => ports === undefined).map(({ host }) => host));
  const atPorts = hosts.peers.flatMap(({ host, ports }) => (ports === undefined ? [] : [{ ports, ...addressesOf([host]) }]));
  const spared = addressesOf(hosts.except);
  const resolved: FaultWork = {
    ...rest,
    peers: joinPeers(work.peers, anyPort, atPorts),
    ...(hosts.except.length === 0 ? {} : { except: joined([work.except ?? joined([]), spared]) }),
  };
  const dose = dosePeersIn(resolved, work.dosePeers[podUid] ?? [], joined([anyPort, ...atPorts]));
  return { ...resolved, dosePeers: { ...work.dosePeers, [podUid]: dose } };
}

/** What the control process chose, but for what is spared by now; without any, the hosts themselves, where pings show the dose. */
function dosePeersIn({ effect, except, excluded }: FaultWork, chosen: readonly string[], hosts: Addresses): string[] {
  const isSpared = (address: string) => isAmong([...excluded, ...(except?.ipv4 ?? []), ...(except?.ipv6 ?? [])], address);
  const left = chosen.filter((address) => !isSpared(address));
  if (left.length > 0 || chosen.length > 0 || !isShownByPings(effect)) return left;
  return [...hosts.ipv4, ...hosts.ipv6].filter((address) => !isSpared(address));
}

function joinPeers(peers: Peers, anyPort: Addresses, atPorts: readonly (Addresses & { ports: PortRange })[]): Peers {
  if (peers === 'all') return peers;
  const groups = Map.groupBy([...(peers.atPorts ?? []), ...atPorts], ({ ports: { first, last } }) => `${first}-${last}`);
  const joinedGroups = [...groups.values()].flatMap((same) => {
    const [one] = same;
    return one === undefined ? [] : [{ ...joined(same), ports: one.ports }];
  });
  return { ...joined([peers, anyPort]), ...(joinedGroups.length === 0 ? {} : { atPorts: joinedGroups }) };
}

/** Each address once, in the order of its first occurrence. */
function joined(all: readonly Addresses[]): Addresses {
  const of = (family: keyof Addresses) => [...new Set(all.flatMap((one) => one[family]))];
  return { ipv4: of('ipv4'), ipv6: of('ipv6') };
}

function isAmong(blocks: readonly string[], address: string): boolean {
  const familyOf = (text: string) => (text.includes(':') ? 'ipv6' : 'ipv4');
  const list = new BlockList();
  for (const block of blocks) {
    const [network = '', prefix] = block.split('/');
    if (prefix === undefined) list.addAddress(network, familyOf(network));
    else list.addSubnet(network, Number(prefix), familyOf(network));
  }
  return list.check(address, familyOf(address));
}
