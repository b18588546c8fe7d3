/**
 * What is known of one sampled packet, by sFlow-RT's names of flow keys. A decoder fills it in; a field that the packet does not have,
 * or that was cut off with the end of the sampled header, is absent and never a guess. Addresses are in canonical text
 * (RFC 5952 for IPv6), MAC addresses twelve hexadecimal digits as sFlow-RT writes them, ports, protocols and lengths are numbers.
 * Layers inside a tunnel have the names of the outer ones with `.1`, `.2` and so on, as in `ipsource.1`.
 *
 * `bytes` is the length of the frame as the metric counts it. It must be there; what is counted is the decoder's to say.
 */
export type FlowFields = Readonly<Record<string, string | number>>;

/** Names that a packet can have, without the suffix of an inner layer. */
export const flowKeyNames = [
  'macsource',
  'macdestination',
  'ethernetprotocol',
  'vlan',
  'priority',
  'ipprotocol',
  'ipsource',
  'ipdestination',
  'ipflags',
  'ipfragoffset',
  'ipbytes',
  'ip6source',
  'ip6destination',
  'ip6nexthdr',
  'ip6bytes',
  'tcpsourceport',
  'tcpdestinationport',
  'tcpflags',
  'udpsourceport',
  'udpdestinationport',
  'icmptype',
  'icmpcode',
  'inputifindex',
  'outputifindex',
  'stack',
] as const;

/** Those whose values can be summed or compared as numbers. */
const numericKeyNames: ReadonlySet<string> = new Set(['bytes', 'ipbytes', 'ip6bytes']);

const knownKeyNames: ReadonlySet<string> = new Set([...flowKeyNames, 'bytes']);

export function isFlowKeyName(name: string): boolean {
  return knownKeyNames.has(name.replace(/\.[1-9]$/, ''));
}

export function isNumericKeyName(name: string): boolean {
  return numericKeyNames.has(name.replace(/\.[1-9]$/, ''));
}

/** All that keys or a filter can ask a packet for; more where a value is written like a name. */
export function flowKeyNamesIn(written: string): string[] {
  return [...new Set(written.split(/[^a-z0-9.]+/))].filter(isFlowKeyName);
}
