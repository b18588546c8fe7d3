/** A number that the bytes do not tell. Wire values are never negative. */
export const unknown = -1;

/**
 * What the headers of one packet say, as numbers only: addresses are offsets into the bytes that were read, so that reading allocates
 * nothing. Each field is `unknown` where the headers do not tell it. One record is used for packet after packet.
 */
export type PacketLayer = {
  macSourceOffset: number;
  macDestinationOffset: number;
  /** Of what follows all VLAN tags; unknown for an IEEE 802.3 length without SNAP. */
  ethernetType: number;
  /** Of the first tag's control information; further tags follow, each 4 bytes on. */
  vlanOffset: number;
  vlanCount: number;
  /** Of the topmost label stack entry (RFC 3032); further ones follow, each 4 bytes on. */
  mplsOffset: number;
  mplsCount: number;
  /** 4, 6 or unknown. */
  ipVersion: number;
  ipSourceOffset: number;
  ipDestinationOffset: number;
  /** Of the whole IP packet in bytes, its header included. */
  ipLength: number;
  /** Of what follows all IPv6 extension headers. */
  ipProtocol: number;
  /** The whole octet: type of service, or traffic class. */
  ipTos: number;
  ttl: number;
  /** In units of 8 bytes, as on the wire; unknown where the packet is no fragment. */
  fragmentOffset: number;
  sourcePort: number;
  destinationPort: number;
  tcpFlags: number;
  icmpType: number;
  icmpCode: number;
  /** Of what follows the last header that was read to its end. */
  payloadOffset: number;
  /** Where the packet's payload ends, or the bytes do. */
  payloadEnd: number;
  /** The bytes ended before what the headers announce. */
  truncated: boolean;
};

export const createLayer = (): PacketLayer => ({
  macSourceOffset: unknown,
  macDestinationOffset: unknown,
  ethernetType: unknown,
  vlanOffset: unknown,
  vlanCount: 0,
  mplsOffset: unknown,
  mplsCount: 0,
  ipVersion: unknown,
  ipSourceOffset: unknown,
  ipDestinationOffset: unknown,
  ipLength: unknown,
  ipProtocol: unknown,
  ipTos: unknown,
  ttl: unknown,
  fragmentOffset: unknown,
  sourcePort: unknown,
  destinationPort: unknown,
  tcpFlags: unknown,
  icmpType: unknown,
  icmpCode: unknown,
  payloadOffset: unknown,
  payloadEnd: unknown,
  truncated: false,
});

export function clearLayer(layer: PacketLayer): void {
  layer.macSourceOffset = unknown;
  layer.macDestinationOffset = unknown;
  layer.ethernetType = unknown;
  layer.vlanOffset = unknown;
  layer.vlanCount = 0;
  layer.mplsOffset = unknown;
  layer.mplsCount = 0;
  layer.ipVersion = unknown;
  layer.ipSourceOffset = unknown;
  layer.ipDestinationOffset = unknown;
  layer.ipLength = unknown;
  layer.ipProtocol = unknown;
  layer.ipTos = unknown;
  layer.ttl = unknown;
  layer.fragmentOffset = unknown;
  layer.sourcePort = unknown;
  layer.destinationPort = unknown;
  layer.tcpFlags = unknown;
  layer.icmpType = unknown;
  layer.icmpCode = unknown;
  layer.payloadOffset = unknown;
  layer.payloadEnd = unknown;
  layer.truncated = false;
}
