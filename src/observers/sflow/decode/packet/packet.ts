import { readIp } from './ip.ts';
import { clearLayer, createLayer, type PacketLayer } from './layer.ts';
import { readEthernet, readMpls, readPpp } from './link-layer.ts';
import { createTunnel, readTunnel, type Tunnel } from './tunnel.ts';

/** A packet, and what it carries in a tunnel where `tunnel.type` is set. */
export type Packet = { outer: PacketLayer; tunnel: Tunnel };

export const createPacket = (): Packet => ({ outer: createLayer(), tunnel: createTunnel() });

export function clearPacket(packet: Packet): void {
  clearLayer(packet.outer);
  packet.tunnel.type = undefined;
}

/** header_protocol of sFlow version 5; of others only the lengths are known. */
const headerProtocols = { ethernet: 1, ppp: 7, ipv4: 11, ipv6: 12, mpls: 13 } as const;

/** Reads the first bytes of a packet, from `offset` to `end`, into a cleared record. Never throws; reads nothing outside. */
export function readPacket(view: DataView, offset: number, end: number, headerProtocol: number, packet: Packet): void {
  const { outer } = packet;
  switch (headerProtocol) {
    case headerProtocols.ethernet:
      readEthernet(view, offset, end, outer);
      break;
    case headerProtocols.ipv4:
    case headerProtocols.ipv6:
      readIp(view, offset, end, outer);
      break;
    case headerProtocols.mpls:
      readMpls(view, offset, end, outer);
      break;
    case headerProtocols.ppp:
      readPpp(view, offset, end, outer);
      break;
    default:
      return;
  }
  readTunnel(view, end, outer, packet.tunnel);
}
