/** What a rule asks of a packet, and does with it, in the words of nft. */
import type { PortRange, Protocol } from '../api/index.ts';
import type { Family } from './addresses.ts';
import type { Flow } from './classes.ts';
import type { GateRule, PacketMatch } from './gate-rules.ts';
import { checkDevice, checkFaultId, exceptSetName, leaseSetName, peerSetName } from './names.ts';

/** Local ports that our TCP probes bind to; they lie above the default of ip_local_port_range. */
export const proberPorts = { first: 61_000, last: 65_535 } as const;
/** Bytes of data in a hypothesis's ping; those of the dose carry another number and are not counted. */
const probeDataBytes = 56;
/** What the length in IP's header counts of a ping besides its data: in IPv6 not that header itself. A frame may be longer: short ones are padded. */
const pingHeaders: Record<Family, number> = { ipv4: 28, ipv6: 8 };

export function ruleWords({ matches, counters, priority, forwardTo, returns, comment }: GateRule, flow: Flow): string {
  return [
    ...matches.map((packet) => matchWords(packet, flow)),
    ...counters.map((name) => `counter name "${name}"`),
    ...(priority === undefined ? [] : [`meta priority set ${priority}`]),
    ...(forwardTo === undefined ? [] : [`fwd to "${checkDevice(forwardTo)}"`]),
    ...(returns ? ['return'] : []),
    `comment "${comment}"`,
  ].join(' ');
}

/** Neighbour discovery (RFC 4861) and multicast listener discovery (RFC 2710, 3810), which snooping bridges need for the former. */
const neighbourTypes = [
  ...['nd-neighbor-solicit', 'nd-neighbor-advert', 'nd-router-solicit', 'nd-router-advert', 'nd-redirect'],
  ...['mld-listener-query', 'mld-listener-report', 'mld-listener-done', 'mld2-listener-report'],
];

const otherEnd = (family: Family, flow: Flow): string =>
  `${family === 'ipv4' ? 'ip' : 'ip6'} ${flow === 'egress' ? 'daddr' : 'saddr'}`;

const deviceOf = (flow: Flow): string => (flow === 'egress' ? 'oifname' : 'iifname');

function matchWords(packet: PacketMatch, flow: Flow): string {
  switch (packet.match) {
    case 'leaves-by-other-device':
      return `oifname != { ${packet.devices.map((device) => `"${checkDevice(device)}"`).join(', ')} }`;
    case 'no-ip':
      return 'meta protocol != { ip, ip6 }';
    case 'address':
      return `${otherEnd(packet.family, flow)} { ${packet.blocks.join(', ')} }`;
    case 'name-resolution':
      return `meta l4proto { tcp, udp } th ${flow === 'egress' ? 'dport' : 'sport'} 53`;
    case 'sflow':
      // Its exporters may be targets, and so may a collector: either way it goes to that port (IANA's of sFlow).
      return 'udp dport 6343';
    case 'neighbour-discovery':
      return `icmpv6 type { ${neighbourTypes.join(', ')} }`;
    case 'group-membership':
      return 'meta l4proto igmp';
    case 'lease':
      return `${deviceOf(flow)} @${leaseSetName(checkFaultId(packet.faultId))}`;
    case 'no-lease':
      return packet.faultIds.map((faultId) => `${deviceOf(flow)} != @${leaseSetName(checkFaultId(faultId))}`).join(' ');
    case 'peer':
      return `${otherEnd(packet.family, flow)} @${peerSetName(checkFaultId(packet.faultId), packet.family, packet.group)}`;
    case 'not-excepted':
      return `${otherEnd(packet.family, flow)} != @${exceptSetName(checkFaultId(packet.faultId), packet.family)}`;
    case 'family':
      return `meta protocol ${packet.family === 'ipv4' ? 'ip' : 'ip6'}`;
    case 'protocol':
      return `meta l4proto ${protocolWords(packet.protocol)}`;
    case 'port':
      return portWords(packet.ports, (packet.of === 'peer') === (flow === 'egress') ? 'dport' : 'sport');
    case 'ping':
      return pingWords(packet.family, packet.dataBytes);
    case 'probe':
      return probeWords(packet.family, packet.protocol);
    case 'priority':
      return `meta priority ${packet.priority}`;
  }
}

const protocolWords = (protocol: Protocol): string => (protocol === 'icmp' ? '{ icmp, ipv6-icmp }' : protocol);

/** Of the protocols that have ports at the same place. Without asking for those first, nft would read the same bytes of any packet. */
function portWords({ first, last }: PortRange, port: 'sport' | 'dport'): string {
  return `meta l4proto { tcp, udp, udplite, sctp, dccp } th ${port} ${first === last ? String(first) : `${String(first)}-${String(last)}`}`;
}

function pingWords(family: Family, dataBytes: number): string {
  const [ip, icmp] = family === 'ipv4' ? ['ip', 'icmp'] : ['ip6', 'icmpv6'];
  return `${icmp} type { echo-request, echo-reply } ${ip} length ${String(pingHeaders[family] + dataBytes)}`;
}

function probeWords(family: Family, protocol: 'icmp' | 'tcp-from-prober' | 'tcp-to-prober'): string {
  const { first, last } = proberPorts;
  switch (protocol) {
    case 'icmp':
      return pingWords(family, probeDataBytes);
    case 'tcp-from-prober':
      return `tcp sport ${String(first)}-${String(last)}`;
    case 'tcp-to-prober':
      // A packet with both ports in the range is counted by the other rule.
      return `tcp sport < ${String(first)} tcp dport ${String(first)}-${String(last)}`;
  }
}
