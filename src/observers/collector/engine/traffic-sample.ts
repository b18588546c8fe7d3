import type { CurrentPacket } from '../../flows/current-packet.ts';
import { frameBytes } from '../../flows/packet-key-fields.ts';
import type { FlowSample } from '../../sflow/decode/flow-sample.ts';
import { absent, type PacketLayer } from '../../sflow/decode/packet/layer.ts';
import type { TrafficSample } from '../../traffic/sample.ts';

/** Of the outermost layer of the current packet, which `sample` is. */
export function trafficSampleOf(packet: CurrentPacket, sample: FlowSample, source: string): TrafficSample {
  const { outer } = sample.packet;
  return {
    source,
    samplingRate: sample.rate,
    frameLength: Math.max(0, frameBytes(sample)),
    ipSource: packet.ipSource(),
    ipDestination: packet.ipDestination(),
    ipProtocol: known(outer.ipProtocol),
    sourcePort: known(outer.sourcePort),
    destinationPort: known(outer.destinationPort),
    tcpFlags: known(outer.tcpFlags),
    payloadBytes: payloadBytes(sample, outer),
  };
}

const known = (value: number): number | undefined => (value === absent ? undefined : value);

/** By the length that the IP header tells, since the sampled bytes end before the packet does; 0 where the headers are not all there. */
function payloadBytes({ headerOffset }: FlowSample, outer: PacketLayer): number {
  const { ipVersion, ipSourceOffset, ipLength, payloadOffset } = outer;
  if (headerOffset === absent || ipVersion === absent || ipLength === absent || payloadOffset === absent) return 0;
  const ipOffset = ipSourceOffset - (ipVersion === 4 ? 12 : 8);
  return Math.max(0, ipOffset + ipLength - payloadOffset);
}
