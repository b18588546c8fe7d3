/**
 * Which numbers and bytes of a decoded packet each flow key stands for, one record for each name of `flowKeyNames`. What sFlow-RT's documents do not say
 * is as its maker's published applications use it: MAC addresses in upper case, flags as binary digits (`tcpflags~.......1.` is SYN, `ipflags=001` is more
 * fragments), `outputifindex=discard`.
 */
import type { FlowSample, Port } from '../sflow/decode/flow-sample.ts';
import { absent, type PacketLayer } from '../sflow/decode/packet/layer.ts';
import { protocols } from '../sflow/decode/packet/transport.ts';
import type { flowKeyNames } from './fields.ts';
import { stackNumber, stackText } from './packet-stack.ts';

export type FlowKeyName = (typeof flowKeyNames)[number];

/** A value that one number of 32 bits tells; `absent` where the layer does not have it. */
export type NumberField = {
  kind: 'number';
  number: (layer: PacketLayer, view: DataView, sample: FlowSample) => number;
  /** Of a value that is a text for people. */
  text?: (number: number) => string | number;
};

/** An address, by the offset of its bytes; `absent` where the layer does not have it. */
export type AddressField = { kind: 'ipv4' | 'ipv6' | 'mac'; offset: (layer: PacketLayer) => number };

const number = (read: NumberField['number'], text?: NumberField['text']): NumberField => ({ kind: 'number', number: read, text });
const address = (kind: AddressField['kind'], offset: AddressField['offset']): AddressField => ({ kind, offset });

const ofVersion = (version: 4 | 6, field: 'ipSourceOffset' | 'ipDestinationOffset' | 'ipLength' | 'ipProtocol') => {
  return (layer: PacketLayer): number => (layer.ipVersion === version ? layer[field] : absent);
};
const ofProtocol = (protocol: number, field: 'sourcePort' | 'destinationPort' | 'tcpFlags') => {
  return (layer: PacketLayer): number => (layer.ipProtocol === protocol ? layer[field] : absent);
};
const binary = (digits: number) => (value: number) => value.toString(2).padStart(digits, '0');

/** Fragments are seen in an IPv4 header; the records of single fields do not tell of them. */
const hasIpv4Header = (layer: PacketLayer, sample: FlowSample): boolean =>
  layer.ipVersion === 4 && sample.headerOffset !== absent;
/** From the source address back to the flags in front of the fragment offset (RFC 791). */
const flagsBeforeSource = 6;

/** Numbers above those of interfaces, so that no index is taken for one of these. */
const portTexts = { discard: 0xffff_fffe, multiple: 0xffff_fffd } as const;
const portText = (value: number): string => (value === portTexts.discard ? 'discard' : 'multiple');
const ofPort = (port: 'input' | 'output') => (layer: PacketLayer, _view: DataView, sample: FlowSample) =>
  layer === sample.packet.outer ? portNumber(sample[port]) : absent;

/** 0 is an interface that the agent does not know. */
function portNumber({ format, value }: Port): number {
  if (format === 1) return portTexts.discard;
  if (format === 2) return portTexts.multiple;
  return format === 0 && value > 0 && value < portTexts.multiple ? value : absent;
}

const portField = (port: 'input' | 'output'): NumberField =>
  number(ofPort(port), (value) => (value < portTexts.multiple ? value : portText(value)));

export const keyFields: Readonly<Record<FlowKeyName, NumberField | AddressField>> = {
  macsource: address('mac', (layer) => layer.macSourceOffset),
  macdestination: address('mac', (layer) => layer.macDestinationOffset),
  ethernetprotocol: number((layer) => layer.ethernetType),
  vlan: number((layer, view) => (layer.vlanCount > 0 ? view.getUint16(layer.vlanOffset) & 0x0fff : absent)),
  priority: number((layer, view) => (layer.vlanCount > 0 ? view.getUint16(layer.vlanOffset) >> 13 : absent)),
  ipprotocol: number(ofVersion(4, 'ipProtocol')),
  ipsource: address('ipv4', ofVersion(4, 'ipSourceOffset')),
  ipdestination: address('ipv4', ofVersion(4, 'ipDestinationOffset')),
  ipflags: number(
    (layer, view, sample) =>
      hasIpv4Header(layer, sample) ? view.getUint8(layer.ipSourceOffset - flagsBeforeSource) >> 5 : absent,
    binary(3),
  ),
  ipfragoffset: number((layer, _view, sample) => (hasIpv4Header(layer, sample) ? Math.max(0, layer.fragmentOffset) : absent)),
  ipbytes: number(ofVersion(4, 'ipLength')),
  ip6source: address('ipv6', ofVersion(6, 'ipSourceOffset')),
  ip6destination: address('ipv6', ofVersion(6, 'ipDestinationOffset')),
  ip6nexthdr: number(ofVersion(6, 'ipProtocol')),
  ip6bytes: number(ofVersion(6, 'ipLength')),
  tcpsourceport: number(ofProtocol(protocols.tcp, 'sourcePort')),
  tcpdestinationport: number(ofProtocol(protocols.tcp, 'destinationPort')),
  // The ninth digit, in front, is the flag that RFC 3540 had; decoding stops at the octet.
  tcpflags: number(ofProtocol(protocols.tcp, 'tcpFlags'), binary(9)),
  udpsourceport: number(ofProtocol(protocols.udp, 'sourcePort')),
  udpdestinationport: number(ofProtocol(protocols.udp, 'destinationPort')),
  icmptype: number((layer) => layer.icmpType),
  icmpcode: number((layer) => layer.icmpCode),
  inputifindex: portField('input'),
  outputifindex: portField('output'),
  stack: number((layer, _view, sample) => (layer === sample.packet.outer ? stackNumber(sample) || absent : absent), stackText),
};

/**
 * The length of the whole frame as sFlow counts it, its frame check sequence included, which is also what pmacct counts; an interface of Linux counts
 * `stripped` bytes fewer. A sender that tells only the IP packet's length gives that.
 */
export const frameBytes = ({ frameLength, packet }: FlowSample): number =>
  frameLength === absent ? packet.outer.ipLength : frameLength;
