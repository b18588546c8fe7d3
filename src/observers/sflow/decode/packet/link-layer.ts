import { readIp } from './ip.ts';
import type { PacketLayer } from './layer.ts';

const addressesLength = 12;
/** IEEE 802.3: smaller values of the type field are a length. */
const smallestType = 0x0600;
const types = { ipv4: 0x0800, ipv6: 0x86dd, mpls: 0x8847, mplsMulticast: 0x8848 } as const;

const isVlanTag = (type: number): boolean => type === 0x8100 || type === 0x88a8 || type === 0x9100 || type === 0x9200;

export function readEthernet(view: DataView, offset: number, end: number, layer: PacketLayer): void {
  if (offset + addressesLength > end) {
    layer.truncated = true;
    return;
  }
  layer.macDestinationOffset = offset;
  layer.macSourceOffset = offset + 6;
  readType(view, offset + addressesLength, end, layer);
}

/** Reads from a type field on: VLAN tags nested as deep as they are (IEEE 802.1Q, 802.1ad), then what they carry. */
export function readType(view: DataView, start: number, end: number, layer: PacketLayer): void {
  let offset = start;
  while (offset + 2 <= end) {
    const type = view.getUint16(offset);
    if (!isVlanTag(type)) {
      if (type >= smallestType) readCarried(view, offset + 2, end, type, layer);
      else readSnap(view, offset + 2, end, layer);
      return;
    }
    if (offset + 4 > end) break;
    if (layer.vlanCount === 0) layer.vlanOffset = offset + 2;
    layer.vlanCount += 1;
    offset += 4;
  }
  layer.truncated = true;
}

/** IEEE 802.2 SNAP with the organisation code of Ethernet (RFC 1042); other logical links are not read. */
function readSnap(view: DataView, offset: number, end: number, layer: PacketLayer): void {
  if (offset + 8 > end) return;
  if (view.getUint32(offset) !== 0xaaaa0300 || view.getUint16(offset + 4) !== 0) return;
  readCarried(view, offset + 8, end, view.getUint16(offset + 6), layer);
}

/** Reads what an Ethernet type announces, from behind that type on. */
export function readCarried(view: DataView, offset: number, end: number, type: number, layer: PacketLayer): void {
  layer.ethernetType = type;
  switch (type) {
    case types.ipv4:
    case types.ipv6:
      readIp(view, offset, end, layer);
      return;
    case types.mpls:
    case types.mplsMulticast:
      readMpls(view, offset, end, layer);
  }
}

/** RFC 3032. The stack does not say what follows it: the version in its first half byte must do, and a pseudowire has none (RFC 4385). */
export function readMpls(view: DataView, start: number, end: number, layer: PacketLayer): void {
  let offset = start;
  for (;;) {
    if (offset + 4 > end) {
      layer.truncated = true;
      return;
    }
    if (layer.mplsCount === 0) layer.mplsOffset = offset;
    layer.mplsCount += 1;
    const bottomOfStack = (view.getUint8(offset + 2) & 1) === 1;
    offset += 4;
    if (bottomOfStack) break;
  }
  readIp(view, offset, end, layer);
}

/** RFC 1661, also with the address and control bytes of RFC 1662; only IP and MPLS are read on. */
export function readPpp(view: DataView, start: number, end: number, layer: PacketLayer): void {
  if (start + 4 > end) {
    layer.truncated = true;
    return;
  }
  const offset = view.getUint16(start) === 0xff03 ? start + 2 : start;
  const protocol = view.getUint16(offset);
  if (protocol === 0x0021 || protocol === 0x0057) readIp(view, offset + 2, end, layer);
  else if (protocol === 0x0281 || protocol === 0x0283) readMpls(view, offset + 2, end, layer);
}
