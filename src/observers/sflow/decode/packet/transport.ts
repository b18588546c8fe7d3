import type { PacketLayer } from './layer.ts';

export const protocols = { icmp: 1, ipip: 4, tcp: 6, udp: 17, ipv6: 41, gre: 47, icmpv6: 58 } as const;

const tcpFlagsOffset = 13;

/**
 * Reads ports, flags, type and code of layer.ipProtocol from `offset` on; never beyond layer.payloadEnd, which is where the packet or the
 * bytes end. Sources: RFC 9293, 768, 792, 4443.
 */
export function readTransport(view: DataView, offset: number, end: number, layer: PacketLayer): void {
  const limit = layer.payloadEnd;
  switch (layer.ipProtocol) {
    case protocols.tcp:
      readPorts(view, offset, limit, layer);
      if (offset + tcpFlagsOffset < limit) {
        layer.tcpFlags = view.getUint8(offset + tcpFlagsOffset);
        layer.payloadOffset = offset + (view.getUint8(offset + tcpFlagsOffset - 1) >> 4) * 4;
      } else if (limit === end) layer.truncated = true;
      return;
    case protocols.udp:
      readPorts(view, offset, limit, layer);
      if (offset + 8 <= limit) {
        layer.payloadOffset = offset + 8;
        const length = view.getUint16(offset + 4);
        if (length >= 8 && offset + length < limit) layer.payloadEnd = offset + length;
      } else if (limit === end) layer.truncated = true;
      return;
    case protocols.icmp:
    case protocols.icmpv6:
      if (offset + 2 <= limit) {
        layer.icmpType = view.getUint8(offset);
        layer.icmpCode = view.getUint8(offset + 1);
      } else if (limit === end) layer.truncated = true;
      return;
    default:
      layer.payloadOffset = offset;
  }
}

function readPorts(view: DataView, offset: number, limit: number, layer: PacketLayer): void {
  if (offset + 4 > limit) return;
  layer.sourcePort = view.getUint16(offset);
  layer.destinationPort = view.getUint16(offset + 2);
}
