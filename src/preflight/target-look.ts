/** What a look into a target's network namespace shows, and how it is read from what programs print there. */

/** Files that follow the namespace of whoever reads them; one that a kernel does not have is left out. */
export const namespaceFiles = {
  packetSockets: '/proc/net/packet',
  devices: '/proc/net/dev',
  ipv4Counters: '/proc/net/snmp',
  ipv6Counters: '/proc/net/snmp6',
  connections: '/proc/sys/net/netfilter/nf_conntrack_count',
  mostConnections: '/proc/sys/net/netfilter/nf_conntrack_max',
  synRetries: '/proc/sys/net/ipv4/tcp_syn_retries',
  linearSynTimeouts: '/proc/sys/net/ipv4/tcp_syn_linear_timeouts',
  retries: '/proc/sys/net/ipv4/tcp_retries2',
  leastRtoUs: '/proc/sys/net/ipv4/tcp_rto_min_us',
  mostRtoMs: '/proc/sys/net/ipv4/tcp_rto_max_ms',
} as const;
type FileName = keyof typeof namespaceFiles;
type FileOfNumber = Exclude<FileName, 'packetSockets' | 'devices' | 'ipv4Counters' | 'ipv6Counters'>;

/** `protocol` as in linux/if_ether.h; `device` 0 is every device. */
export type PacketSocket = { protocol: number; device: number };

export type NamespaceLook = {
  packetSockets: PacketSocket[];
  /** Packets that each device has sent and received so far. */
  packets: Record<string, { sent: number; received: number }>;
  /** Packets that the namespace's own IP stack has sent or forwarded so far. */
  sentByStack: number;
  numbers: Partial<Record<FileOfNumber, number>>;
};

/** Between two looks: packets that one device has sent and received, and that the whole stack has sent. */
export type PacketsMoved = { sent: number; received: number; sentByStack: number; seconds: number };

/** @param text what `grep -H ''` prints of `namespaceFiles`: every line behind its file's path and a colon */
export function readNamespaceLook(text: string): NamespaceLook {
  const lines = Map.groupBy(text.split('\n'), (line) => line.slice(0, line.indexOf(':')));
  const linesOf = (name: FileName) => {
    const path = namespaceFiles[name];
    return (lines.get(path) ?? []).map((line) => line.slice(path.length + 1));
  };
  const numbers = Object.keys(namespaceFiles).flatMap((name) => {
    const value = Number(linesOf(name as FileName)[0] ?? NaN);
    return Number.isInteger(value) ? [[name, value] as const] : [];
  });
  return {
    packetSockets: linesOf('packetSockets').slice(1).map(readPacketSocket),
    packets: Object.fromEntries(linesOf('devices').slice(2).map(readCounters)),
    sentByStack: sentOverIpv4(linesOf('ipv4Counters')) + sentOverIpv6(linesOf('ipv6Counters')),
    numbers: Object.fromEntries(numbers),
  };
}

/** Columns of net/packet/af_packet.c, packet_seq_show: sk, RefCnt, Type, Proto (hexadecimal), Iface, … */
function readPacketSocket(line: string): PacketSocket {
  const [, , , protocol = '', device = ''] = line.trim().split(/\s+/);
  return { protocol: Number.parseInt(protocol, 16), device: Number(device) };
}

/** Columns of net/core/net-procfs.c: the device, eight numbers of what came in (packets are the second), eight of what went out. */
function readCounters(line: string): [string, { sent: number; received: number }] {
  const end = line.lastIndexOf(':');
  const numbers = line
    .slice(end + 1)
    .trim()
    .split(/\s+/)
    .map(Number);
  return [line.slice(0, end).trim(), { received: numbers[1] ?? 0, sent: numbers[9] ?? 0 }];
}

/** A line of names and one of numbers for each protocol. */
function sentOverIpv4(lines: readonly string[]): number {
  const [names = [], numbers = []] = lines.filter((line) => line.startsWith('Ip:')).map((line) => line.split(' '));
  return sum(['OutRequests', 'ForwDatagrams'].map((name) => Number(numbers[names.indexOf(name)] ?? 0)));
}

function sentOverIpv6(lines: readonly string[]): number {
  const numbers = new Map(lines.map((line) => line.split(/\s+/)).map(([name = '', value]) => [name, Number(value)]));
  return sum(['Ip6OutRequests', 'Ip6OutForwDatagrams'].map((name) => numbers.get(name) ?? 0));
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);

/** A device, and where what comes in there goes instead of to the namespace's stack; `kind` is the kernel's name of the type of device. */
export type DeviceLook = {
  index: number;
  /** The namespace itself has an address on it that somebody gave it: not only the link-local one that IPv6 makes. */
  hasAddress: boolean;
  /** Devices that a filter (mirred) sends it to; absent where its filters could not be read. */
  redirects?: { device: string; kind: string }[];
  /** Devices of a virtual machine that sit on this one (macvtap, ipvtap). */
  taps: { device: string; kind: string }[];
};

type Link = {
  ifindex: number;
  ifname: string;
  link?: string;
  linkinfo?: { info_kind?: string };
  addr_info?: { family?: string; scope?: string }[];
};

/**
 * @param links what `ip -j -d address show` prints
 * @param filters what `tc -j filter show dev DEVICE ingress` prints; undefined where that cannot be read
 * @returns undefined where there is no such device
 */
export function readDeviceLook(device: string, links: unknown, filters: unknown): DeviceLook | undefined {
  const all = links as Link[];
  const own = all.find(({ ifname }) => ifname === device);
  if (own === undefined) return undefined;
  const kindOf = (name: string) => all.find(({ ifname }) => ifname === name)?.linkinfo?.info_kind ?? '';
  const taps = all.filter((one) => one.link === device && /^(macvtap|ipvtap)$/.test(kindOf(one.ifname)));
  return {
    index: own.ifindex,
    hasAddress: (own.addr_info ?? []).some(({ family, scope }) => family === 'inet' || scope !== 'link'),
    ...(filters === undefined
      ? {}
      : { redirects: [...new Set(redirectsIn(filters))].map((name) => ({ device: name, kind: kindOf(name) })) }),
    taps: taps.map(({ ifname }) => ({ device: ifname, kind: kindOf(ifname) })),
  };
}

/** Where in a filter its actions are depends on its kind. */
function redirectsIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(redirectsIn);
  if (typeof value !== 'object' || value === null) return [];
  const { kind, mirred_action: action, to_dev: device } = value as Record<string, unknown>;
  if (kind === 'mirred' && action === 'redirect' && typeof device === 'string') return [device];
  return Object.values(value).flatMap(redirectsIn);
}
