/**
 * Which numbers and bytes of a decoded packet each flow key stands for. What sFlow-RT's documents do not say is as its maker's published applications use
 * it: MAC addresses in upper case, flags as binary digits (`tcpflags~.......1.` is SYN, `ipflags=001` is more fragments), `outputifindex=discard`.
 *
 * Two functions over all names, and none for each of them: they are called for several fields of every sample.
 */
import type { FlowSample, Port } from '../sflow/decode/flow-sample.ts';
import { absent, type PacketLayer } from '../sflow/decode/packet/layer.ts';
import { protocols } from '../sflow/decode/packet/transport.ts';
import { stackNumber, stackText } from './packet-stack.ts';

/** Keys that are addresses, and what kind of. */
export const addressKinds = {
  ipsource: 'ipv4',
  ipdestination: 'ipv4',
  ip6source: 'ipv6',
  ip6destination: 'ipv6',
  macsource: 'mac',
  macdestination: 'mac',
} as const;

export type AddressKey = keyof typeof addressKinds;
export type AddressKind = (typeof addressKinds)[AddressKey];

export const isAddressKey = (name: string): name is AddressKey => Object.hasOwn(addressKinds, name);

/** Where the address is in the datagram; `absent` where the layer does not have it. */
export function addressOffset(name: AddressKey, layer: PacketLayer): number {
  switch (name) {
    case 'ipsource':
      return layer.ipVersion === 4 ? layer.ipSourceOffset : absent;
    case 'ipdestination':
      return layer.ipVersion === 4 ? layer.ipDestinationOffset : absent;
    case 'ip6source':
      return layer.ipVersion === 6 ? layer.ipSourceOffset : absent;
    case 'ip6destination':
      return layer.ipVersion === 6 ? layer.ipDestinationOffset : absent;
    case 'macsource':
      return layer.macSourceOffset;
    case 'macdestination':
      return layer.macDestinationOffset;
  }
}

/** What any other key holds, as a number below 2^32; `absent` where the layer does not have it. */
export function fieldNumber(name: string, layer: PacketLayer, view: DataView, sample: FlowSample): number {
  switch (name) {
    case 'ipprotocol':
      return layer.ipVersion === 4 ? layer.ipProtocol : absent;
    case 'tcpsourceport':
      return layer.ipProtocol === protocols.tcp ? layer.sourcePort : absent;
    case 'tcpdestinationport':
      return layer.ipProtocol === protocols.tcp ? layer.destinationPort : absent;
    case 'udpsourceport':
      return layer.ipProtocol === protocols.udp ? layer.sourcePort : absent;
    case 'udpdestinationport':
      return layer.ipProtocol === protocols.udp ? layer.destinationPort : absent;
    case 'bytes':
      return layer === sample.packet.outer ? frameBytes(sample) : absent;
    case 'ip6nexthdr':
      return layer.ipVersion === 6 ? layer.ipProtocol : absent;
    case 'ipbytes':
      return layer.ipVersion === 4 ? layer.ipLength : absent;
    case 'ip6bytes':
      return layer.ipVersion === 6 ? layer.ipLength : absent;
    case 'tcpflags':
      return layer.ipProtocol === protocols.tcp ? layer.tcpFlags : absent;
    case 'ethernetprotocol':
      return layer.ethernetType;
    case 'vlan':
      return layer.vlanCount > 0 ? view.getUint16(layer.vlanOffset) & 0x0fff : absent;
    case 'priority':
      return layer.vlanCount > 0 ? view.getUint16(layer.vlanOffset) >> 13 : absent;
    case 'ipflags':
      return hasIpv4Header(layer, sample) ? view.getUint8(layer.ipSourceOffset - flagsBeforeSource) >> 5 : absent;
    case 'ipfragoffset':
      return hasIpv4Header(layer, sample) ? Math.max(0, layer.fragmentOffset) : absent;
    case 'icmptype':
      return layer.icmpType;
    case 'icmpcode':
      return layer.icmpCode;
    case 'inputifindex':
      return layer === sample.packet.outer ? portNumber(sample.input) : absent;
    case 'outputifindex':
      return layer === sample.packet.outer ? portNumber(sample.output) : absent;
    case 'stack':
      return layer === sample.packet.outer ? stackNumber(sample) || absent : absent;
    default:
      return absent;
  }
}

/** A number of `fieldNumber` as flows and filters have it. */
export function fieldValue(name: string, number: number): string | number {
  switch (name) {
    case 'tcpflags':
      // The ninth digit, in front, is the flag that RFC 3540 had; decoding stops at the octet.
      return number.toString(2).padStart(9, '0');
    case 'ipflags':
      return number.toString(2).padStart(3, '0');
    case 'inputifindex':
    case 'outputifindex':
      return portValue(number);
    case 'stack':
      return stackText(number);
    default:
      return number;
  }
}

/**
 * The length of the whole frame as sFlow counts it, its frame check sequence included, which is also what pmacct counts; an interface of Linux counts
 * `stripped` bytes fewer. A sender that tells only the IP packet's length gives that.
 */
export const frameBytes = ({ frameLength, packet }: FlowSample): number =>
  frameLength === absent ? packet.outer.ipLength : frameLength;

/** Fragments are seen in an IPv4 header; the records of single fields do not tell of them. */
const hasIpv4Header = (layer: PacketLayer, sample: FlowSample): boolean =>
  layer.ipVersion === 4 && sample.headerOffset !== absent;
/** From the source address back to the flags in front of the fragment offset (RFC 791). */
const flagsBeforeSource = 6;

/** Numbers above those of interfaces, so that no index is taken for one of these. */
const [discarded, multiple] = [0xffff_fffe, 0xffff_fffd];

/** 0 is an interface that the agent does not know. */
function portNumber({ format, value }: Port): number {
  if (format === 1) return discarded;
  if (format === 2) return multiple;
  return format === 0 && value > 0 && value < multiple ? value : absent;
}

function portValue(number: number): string | number {
  if (number === discarded) return 'discard';
  return number === multiple ? 'multiple' : number;
}
