import { readIp } from './ip.ts';
import { absent, clearLayer, createLayer, type PacketLayer } from './layer.ts';
import { readCarried, readEthernet } from './link-layer.ts';
import { protocols } from './transport.ts';

/** What a packet carries in itself, one level deep. `layer` is of the packet inside. */
export type Tunnel = {
  type: 'vxlan' | 'gre' | 'ipip' | undefined;
  /** The network identifier of VXLAN, the key of GRE; absent where there is none. */
  id: number;
  layer: PacketLayer;
};

/** IANA's port, and the one that Linux took before there was one. */
const vxlanPorts = [4789, 8472];
const vxlanHeaderLength = 8;
const transparentEthernet = 0x6558;
const gre = { checksum: 0x8000, routing: 0x4000, key: 0x2000, sequence: 0x1000, version: 0x0007 } as const;

export const createTunnel = (): Tunnel => ({ type: undefined, id: absent, layer: createLayer() });

/** Reads what `outer`, whose headers were read, carries in a tunnel, if anything. */
export function readTunnel(view: DataView, end: number, outer: PacketLayer, tunnel: Tunnel): void {
  tunnel.type = undefined;
  const offset = outer.payloadOffset;
  if (offset === absent) return;
  const limit = Math.min(end, outer.payloadEnd);
  switch (outer.ipProtocol) {
    case protocols.udp:
      if (vxlanPorts.includes(outer.destinationPort)) readVxlan(view, offset, limit, outer, tunnel);
      return;
    case protocols.gre:
      readGre(view, offset, limit, outer, tunnel);
      return;
    case protocols.ipip:
    case protocols.ipv6:
      open(tunnel, 'ipip', absent);
      readIp(view, offset, limit, tunnel.layer);
  }
}

function open(tunnel: Tunnel, type: Tunnel['type'], id: number): void {
  tunnel.type = type;
  tunnel.id = id;
  clearLayer(tunnel.layer);
}

/** RFC 7348. Other use of these ports does not have the flag of the identifier as its first byte and zeros in the reserved ones. */
function readVxlan(view: DataView, offset: number, end: number, outer: PacketLayer, tunnel: Tunnel): void {
  if (offset + vxlanHeaderLength > end) {
    outer.truncated = true;
    return;
  }
  if (view.getUint32(offset) !== 0x0800_0000 || view.getUint8(offset + 7) !== 0) return;
  open(tunnel, 'vxlan', view.getUint32(offset + 4) >>> 8);
  readEthernet(view, offset + vxlanHeaderLength, end, tunnel.layer);
}

/** RFC 2784 with the key and sequence number of RFC 2890. Source routes (RFC 1701) and version 1 (PPTP) are not read. */
function readGre(view: DataView, offset: number, end: number, outer: PacketLayer, tunnel: Tunnel): void {
  if (offset + 4 > end) {
    outer.truncated = true;
    return;
  }
  const flags = view.getUint16(offset);
  if ((flags & (gre.version | gre.routing)) !== 0) return;
  const type = view.getUint16(offset + 2);
  const keyOffset = offset + 4 + ((flags & gre.checksum) === 0 ? 0 : 4);
  const hasKey = (flags & gre.key) !== 0;
  const inner = keyOffset + (hasKey ? 4 : 0) + ((flags & gre.sequence) === 0 ? 0 : 4);
  if (inner > end) {
    outer.truncated = true;
    return;
  }
  open(tunnel, 'gre', hasKey ? view.getUint32(keyOffset) : absent);
  if (type === transparentEthernet) readEthernet(view, inner, end, tunnel.layer);
  else readCarried(view, inner, end, type, tunnel.layer);
}
