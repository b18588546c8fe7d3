import { absent, type PacketLayer } from '../packet/layer.ts';
import type { PacketFields } from './datagram.ts';
import { ipv4Text, ipv6Text, macText } from './text.ts';

const numbers = [
  'ipLength',
  'ipProtocol',
  'ipTos',
  'ttl',
  'fragmentOffset',
  'sourcePort',
  'destinationPort',
  'tcpFlags',
  'icmpType',
  'icmpCode',
] as const;

/** What a layer knows of its packet, in the order of the headers. */
export function packetFields(view: DataView, layer: PacketLayer): PacketFields {
  const fields: PacketFields = {};
  if (layer.macSourceOffset !== absent) fields.macSource = macText(view, layer.macSourceOffset);
  if (layer.macDestinationOffset !== absent) fields.macDestination = macText(view, layer.macDestinationOffset);
  if (layer.ethernetType !== absent) fields.ethernetType = layer.ethernetType;
  if (layer.vlanCount > 0) fields.vlans = vlansOf(view, layer);
  if (layer.mplsCount > 0) fields.mplsLabels = mplsLabelsOf(view, layer);
  if (layer.ipVersion !== absent) {
    const text = layer.ipVersion === 4 ? ipv4Text : ipv6Text;
    fields.ipVersion = layer.ipVersion;
    fields.ipSource = text(view, layer.ipSourceOffset);
    fields.ipDestination = text(view, layer.ipDestinationOffset);
  }
  for (const name of numbers) if (layer[name] !== absent) fields[name] = layer[name];
  if (layer.truncated) fields.truncated = true;
  return fields;
}

/** Outermost first. */
const vlansOf = (view: DataView, { vlanOffset, vlanCount }: PacketLayer): number[] =>
  Array.from({ length: vlanCount }, (_, index) => view.getUint16(vlanOffset + index * 4) & 0x0fff);

/** Topmost first. */
const mplsLabelsOf = (view: DataView, { mplsOffset, mplsCount }: PacketLayer): number[] =>
  Array.from({ length: mplsCount }, (_, index) => view.getUint32(mplsOffset + index * 4) >>> 12);
