/** A number that the bytes do not tell. Wire values are never negative. */
export const absent = -1;

/**
 * What the headers of one packet say, as numbers only: addresses are offsets into the bytes that were read, so that reading allocates
 * nothing. Each field is `absent` where the headers do not tell it. One record is used for packet after packet.
 */
export type PacketLayer = {
  macSourceOffset: number;
  macDestinationOffset: number;
  /** Of what follows all VLAN tags; absent for an IEEE 802.3 length without SNAP. */
  ethernetType: number;
  /** Of the first tag's control information; further tags follow, each 4 bytes on. */
  vlanOffset: number;
  vlanCount: number;
  /** Of the topmost label stack entry (RFC 3032); further ones follow, each 4 bytes on. */
  mplsOffset: number;
  mplsCount: number;
  /** 4, 6 or absent. */
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
  /** In units of 8 bytes, as on the wire; absent where the packet is no fragment. */
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
  macSourceOffset: absent,
  macDestinationOffset: absent,
  ethernetType: absent,
  vlanOffset: absent,
  vlanCount: 0,
  mplsOffset: absent,
  mplsCount: 0,
  ipVersion: absent,
  ipSourceOffset: absent,
  ipDestinationOffset: absent,
  ipLength: absent,
  ipProtocol: absent,
  ipTos: absent,
  ttl: absent,
  fragmentOffset: absent,
  sourcePort: absent,
  destinationPort: absent,
  tcpFlags: absent,
  icmpType: absent,
  icmpCode: absent,
  payloadOffset: absent,
  payloadEnd: absent,
  truncated: false,
});

export function clearLayer(layer: PacketLayer): void {
  layer.macSourceOffset = absent;
  layer.macDestinationOffset = absent;
  layer.ethernetType = absent;
  layer.vlanOffset = absent;
  layer.vlanCount = 0;
  layer.mplsOffset = absent;
  layer.mplsCount = 0;
  layer.ipVersion = absent;
  layer.ipSourceOffset = absent;
  layer.ipDestinationOffset = absent;
  layer.ipLength = absent;
  layer.ipProtocol = absent;
  layer.ipTos = absent;
  layer.ttl = absent;
  layer.fragmentOffset = absent;
  layer.sourcePort = absent;
  layer.destinationPort = absent;
  layer.tcpFlags = absent;
  layer.icmpType = absent;
  layer.icmpCode = absent;
  layer.payloadOffset = absent;
  layer.payloadEnd = absent;
  layer.truncated = false;
}
