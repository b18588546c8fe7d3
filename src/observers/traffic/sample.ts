/** What one sampled packet adds to the traffic of a run. */

/** Of the outermost IP layer; a field that the packet does not have, or that was cut off, is absent. */
export type TrafficSample = {
  /** Agent and data source. */
  source: string;
  /** One packet of so many is sampled. */
  samplingRate: number;
  /** Bytes, as the metric `bytes` counts them. */
  frameLength: number;
  /** Canonical text, RFC 5952 for IPv6. */
  ipSource?: string;
  ipDestination?: string;
  ipProtocol?: number;
  sourcePort?: number;
  destinationPort?: number;
  /** The octet of RFC 9293. */
  tcpFlags?: number;
  /** Behind the headers of IP and TCP or UDP; 0 of other packets. */
  payloadBytes: number;
};

const tcp = 6;
const [syn, ack] = [2, 16];

export function isConnectionAttempt({ ipProtocol, tcpFlags = 0 }: TrafficSample): boolean {
  return ipProtocol === tcp && (tcpFlags & syn) !== 0 && (tcpFlags & ack) === 0;
}

const protocolNames: Readonly<Record<number, string>> = { 1: 'icmp', 6: 'tcp', 17: 'udp', 58: 'icmpv6', 132: 'sctp' };

/** `10.80.0.5 to 10.80.0.7 tcp 8080`: of two ports the lower one is most often that of the service. Undefined without addresses. */
export function flowOf(sample: TrafficSample): string | undefined {
  const { ipSource, ipDestination, ipProtocol, sourcePort, destinationPort } = sample;
  if (ipSource === undefined || ipDestination === undefined) return undefined;
  const protocol = ipProtocol === undefined ? '' : ` ${protocolNames[ipProtocol] ?? `protocol ${ipProtocol}`}`;
  const port = sourcePort === undefined || destinationPort === undefined ? '' : ` ${Math.min(sourcePort, destinationPort)}`;
  return `${ipSource} to ${ipDestination}${protocol}${port}`;
}
