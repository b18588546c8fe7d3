/** Flow records 2 to 4 of sFlow version 5: single fields of a packet, by which senders without raw headers describe it. */
import type { FlowSample } from './flow-sample.ts';
import type { PacketLayer } from './packet/layer.ts';
import { protocols } from './packet/transport.ts';
import type { Problem } from './problems.ts';

const [ipv4Length, ipv6Length] = [32, 56];
/** XDR pads each address to 8 bytes; sflowtool, and who was tested with it, does not. */
const ethernetLengths = { padded: 24, bare: 20 } as const;

export function readSampledEthernet(view: DataView, start: number, end: number, sample: FlowSample): Problem | undefined {
  const length = end - start;
  if (length < ethernetLengths.bare) return tooShort(start, end, ethernetLengths.bare);
  const addressLength = length < ethernetLengths.padded ? 6 : 8;
  const { outer } = sample.packet;
  sample.frameLength = view.getUint32(start);
  outer.macSourceOffset = start + 4;
  outer.macDestinationOffset = outer.macSourceOffset + addressLength;
  outer.ethernetType = view.getUint32(outer.macDestinationOffset + addressLength);
  return undefined;
}

export function readSampledIpv4(view: DataView, start: number, end: number, layer: PacketLayer): Problem | undefined {
  if (start + ipv4Length > end) return tooShort(start, end, ipv4Length);
  layer.ipVersion = 4;
  layer.ipSourceOffset = start + 8;
  layer.ipDestinationOffset = start + 12;
  readFields(view, start, start + 16, layer);
  return undefined;
}

export function readSampledIpv6(view: DataView, start: number, end: number, layer: PacketLayer): Problem | undefined {
  if (start + ipv6Length > end) return tooShort(start, end, ipv6Length);
  layer.ipVersion = 6;
  layer.ipSourceOffset = start + 8;
  layer.ipDestinationOffset = start + 24;
  readFields(view, start, start + 40, layer);
  return undefined;
}

/** Length and protocol at `start`; ports, flags and type of service at `ports`. What an ICMP packet puts there the format does not say. */
function readFields(view: DataView, start: number, ports: number, layer: PacketLayer): void {
  layer.ipLength = view.getUint32(start);
  layer.ipProtocol = view.getUint32(start + 4);
  layer.ipTos = view.getUint32(ports + 12);
  if (layer.ipProtocol !== protocols.tcp && layer.ipProtocol !== protocols.udp) return;
  layer.sourcePort = view.getUint32(ports);
  layer.destinationPort = view.getUint32(ports + 4);
  if (layer.ipProtocol === protocols.tcp) layer.tcpFlags = view.getUint32(ports + 8);
}

const tooShort = (start: number, end: number, limit: number): Problem => ({
  reason: 'RecordTooShort',
  offset: start,
  found: end - start,
  limit,
});
