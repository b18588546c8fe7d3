/** sFlow-RT's key `stack`: the protocols of a packet from the outside in, such as `eth.ip.tcp`. VLAN tags are not named. */
import type { FlowSample } from '../sflow/decode/flow-sample.ts';
import { absent, type PacketLayer } from '../sflow/decode/packet/layer.ts';
import { protocols } from '../sflow/decode/packet/transport.ts';

const transports = ['', 'tcp', 'udp', 'icmp', 'icmp6', 'gre'] as const;
const transportProtocols = [absent, protocols.tcp, protocols.udp, protocols.icmp, protocols.icmpv6, protocols.gre];
/** GRE and IP in IP show in the layers themselves. */
const tunnels = { vxlan: 1, gre: 2, ipip: 3 } as const;
const bitsOfLayer = 7;

/** One number for all that the text tells; `stackText` reads it again. */
export function stackNumber({ packet: { outer, tunnel } }: FlowSample): number {
  const inner = tunnel.type === undefined ? 0 : (layerNumber(tunnel.layer) << 2) | tunnels[tunnel.type];
  return (inner << bitsOfLayer) | layerNumber(outer);
}

function layerNumber(layer: PacketLayer): number {
  const ethernet = layer.macSourceOffset === absent ? 0 : 1;
  const mpls = layer.mplsCount > 0 ? 2 : 0;
  const version = layer.ipVersion === 4 ? 4 : layer.ipVersion === 6 ? 8 : 0;
  const transport = layer.ipVersion === absent ? 0 : Math.max(0, transportProtocols.indexOf(layer.ipProtocol));
  return ethernet | mpls | version | (transport << 4);
}

export function stackText(stack: number): string {
  const outer = layerNames(stack & ((1 << bitsOfLayer) - 1));
  const inside = stack >> bitsOfLayer;
  const tunnel = (inside & 3) === tunnels.vxlan ? ['vxlan'] : [];
  return [...outer, ...tunnel, ...layerNames(inside >> 2)].join('.');
}

function layerNames(layer: number): string[] {
  const names = [
    (layer & 1) === 0 ? '' : 'eth',
    (layer & 2) === 0 ? '' : 'mpls',
    (layer & 4) === 0 ? '' : 'ip',
    (layer & 8) === 0 ? '' : 'ip6',
    transports[layer >> 4] ?? '',
  ];
  return names.filter((name) => name !== '');
}
