import { readIp } from '../decode/packet/ip.ts';
import { absent, clearLayer, type PacketLayer } from '../decode/packet/layer.ts';
import { readCarried, readEthernet, readType } from '../decode/packet/link-layer.ts';
import { protocols } from '../decode/packet/transport.ts';
import type { Captured, CapturedPacket } from './captured.ts';
import { viewOf } from './pcap.ts';

type LinkReader = (view: DataView, layer: PacketLayer) => void;

const ipAt =
  (offset: number): LinkReader =>
  (view, layer) => {
    readIp(view, offset, view.byteLength, layer);
  };

/** By the numbers of tcpdump.org/linktypes.html. */
const linkReaders: Record<number, { name: string; read: LinkReader }> = {
  // An address family in the byte order of whoever captured; the IP version says the same.
  0: { name: 'loopback', read: ipAt(4) },
  1: {
    name: 'Ethernet',
    read: (view, layer) => {
      readEthernet(view, 0, view.byteLength, layer);
    },
  },
  12: { name: 'raw IP', read: ipAt(0) },
  14: { name: 'raw IP', read: ipAt(0) },
  101: { name: 'raw IP', read: ipAt(0) },
  108: { name: 'loopback', read: ipAt(4) },
  113: {
    name: 'Linux cooked',
    read: (view, layer) => {
      readType(view, 14, view.byteLength, layer);
    },
  },
  228: { name: 'IPv4', read: ipAt(0) },
  229: { name: 'IPv6', read: ipAt(0) },
  276: { name: 'Linux cooked 2', read: readCooked2 },
};

/** SLL2 has the type first, and 18 more bytes before what it announces. */
function readCooked2(view: DataView, layer: PacketLayer): void {
  if (view.byteLength < 20) return;
  readCarried(view, 20, view.byteLength, view.getUint16(0), layer);
}

/** @returns the payload of the UDP datagram that a packet carries; `port` is the only destination port that counts, if given */
export function udpPayload({ linkType, bytes, atMs }: CapturedPacket, port: number | undefined, layer: PacketLayer): Captured {
  const reader = linkReaders[linkType];
  if (reader === undefined) {
    const known = Object.entries(linkReaders).map(([number, { name }]) => `${number} (${name})`);
    return {
      kind: 'problem',
      reason: 'UnsupportedLinkType',
      error: `a packet of link type ${linkType}: expected one of ${known.join(', ')}`,
    };
  }
  const view = viewOf(bytes);
  clearLayer(layer);
  reader.read(view, layer);
  if (layer.ipProtocol !== protocols.udp || layer.fragmentOffset > 0) return { kind: 'other' };
  if (port !== undefined && layer.destinationPort !== absent && layer.destinationPort !== port) return { kind: 'other' };
  if (layer.payloadOffset === absent) {
    return {
      kind: 'problem',
      reason: 'CutShort',
      error: `a packet of which ${bytes.length} bytes were captured: too few for UDP`,
    };
  }
  const payload = bytes.subarray(layer.payloadOffset, layer.payloadEnd);
  // UDP's length field, 4 bytes before the payload; 0 is a jumbogram's.
  const length = Math.max(0, view.getUint16(layer.payloadOffset - 4) - 8);
  if (length <= payload.length) return { kind: 'datagram', payload, missing: 0, atMs };
  if (layer.fragmentOffset === 0) {
    return {
      kind: 'problem',
      reason: 'Fragmented',
      error: `a datagram of ${length} bytes in several IP fragments: they are not put together`,
    };
  }
  return { kind: 'datagram', payload, missing: length - payload.length, atMs };
}
