import type { PacketLayer } from './layer.ts';
import { readTransport } from './transport.ts';

const [ipv4HeaderLength, ipv6HeaderLength] = [20, 40];
const extension = { hopByHop: 0, routing: 43, fragment: 44, authentication: 51, destination: 60, mobility: 135 } as const;

/** Reads an IP packet of either version, by the version that it says itself. */
export function readIp(view: DataView, offset: number, end: number, layer: PacketLayer): void {
  if (offset >= end) {
    layer.truncated = true;
    return;
  }
  const version = view.getUint8(offset) >> 4;
  if (version === 4) readIpv4(view, offset, end, layer);
  else if (version === 6) readIpv6(view, offset, end, layer);
}

/** RFC 791. A header that says it is shorter than 20 bytes is not read. */
function readIpv4(view: DataView, offset: number, end: number, layer: PacketLayer): void {
  if (offset + ipv4HeaderLength > end) {
    layer.truncated = true;
    return;
  }
  const headerLength = (view.getUint8(offset) & 0x0f) * 4;
  if (headerLength < ipv4HeaderLength) return;
  layer.ipVersion = 4;
  layer.ipTos = view.getUint8(offset + 1);
  layer.ipLength = view.getUint16(offset + 2);
  layer.ttl = view.getUint8(offset + 8);
  layer.ipProtocol = view.getUint8(offset + 9);
  layer.ipSourceOffset = offset + 12;
  layer.ipDestinationOffset = offset + 16;
  const fragment = view.getUint16(offset + 6) & 0x3fff;
  if (fragment !== 0) layer.fragmentOffset = fragment & 0x1fff;
  // A length of 0 is what segmentation offload shows of a packet that it still has to cut.
  layer.payloadEnd = layer.ipLength < headerLength ? end : Math.min(end, offset + layer.ipLength);
  readPayload(view, offset + headerLength, end, layer);
}

/** RFC 8200, with the extension headers of RFC 4302 and 6275. */
function readIpv6(view: DataView, offset: number, end: number, layer: PacketLayer): void {
  if (offset + ipv6HeaderLength > end) {
    layer.truncated = true;
    return;
  }
  const payloadLength = view.getUint16(offset + 4);
  layer.ipVersion = 6;
  layer.ipTos = (view.getUint16(offset) >> 4) & 0xff;
  layer.ttl = view.getUint8(offset + 7);
  layer.ipSourceOffset = offset + 8;
  layer.ipDestinationOffset = offset + 24;
  layer.payloadEnd = end;
  // A payload length of 0 is a jumbogram's (RFC 2675), or offloaded segmentation.
  if (payloadLength !== 0) {
    layer.ipLength = ipv6HeaderLength + payloadLength;
    layer.payloadEnd = Math.min(end, offset + layer.ipLength);
  }
  readExtensions(view, offset + ipv6HeaderLength, end, view.getUint8(offset + 6), layer);
}

function readExtensions(view: DataView, start: number, end: number, first: number, layer: PacketLayer): void {
  let [next, offset] = [first, start];
  for (;;) {
    const length = extensionLength(view, offset, layer.payloadEnd, next);
    if (length === 0) break;
    if (length < 0) {
      if (layer.payloadEnd === end) layer.truncated = true;
      return;
    }
    if (next === extension.fragment) {
      layer.fragmentOffset = view.getUint16(offset + 2) >> 3;
      // What follows is the middle of something, whatever the next header is.
      if (layer.fragmentOffset > 0) {
        layer.ipProtocol = view.getUint8(offset);
        return;
      }
    }
    next = view.getUint8(offset);
    offset += length;
  }
  layer.ipProtocol = next;
  readPayload(view, offset, end, layer);
}

/** In bytes: 0 where the header is no extension header, negative where it does not fit before `limit`. */
function extensionLength(view: DataView, offset: number, limit: number, header: number): number {
  switch (header) {
    case extension.hopByHop:
    case extension.routing:
    case extension.fragment:
    case extension.authentication:
    case extension.destination:
    case extension.mobility:
      break;
    default:
      return 0;
  }
  if (offset + 8 > limit) return -1;
  if (header === extension.fragment) return 8;
  const units = view.getUint8(offset + 1);
  const length = header === extension.authentication ? (units + 2) * 4 : (units + 1) * 8;
  return offset + length > limit ? -1 : length;
}

function readPayload(view: DataView, offset: number, end: number, layer: PacketLayer): void {
  if (offset > end) layer.truncated = true;
  else if (layer.fragmentOffset <= 0) readTransport(view, offset, end, layer);
}
