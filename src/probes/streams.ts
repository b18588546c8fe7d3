import type { ProbeStream } from '../api/index.ts';
import { SquallError } from '../lib/index.ts';
import { shortestPauseMs } from './icmp.ts';
import { inFlightOf, mostInFlight, type TcpProbeRequest } from './tcp-probe/protocol.ts';

/** Pings that one fping process can send. Several streams to one address share its pings. */
export type PingGroup = { periodMs: number; timeoutMs: number; count?: number; streamsOf: Map<string, string[]> };

const mostAddresses = 100;

/** fping takes one period, time-out and count a process, and pauses between packets: streams are grouped by these. */
export function groupPings(streams: readonly ProbeStream[]): PingGroup[] {
  const groups: PingGroup[] = [];
  for (const { id, protocol, address, periodMs, timeoutMs, count } of streams) {
    if (protocol !== 'icmp') continue;
    const most = Math.min(mostAddresses, Math.max(1, Math.floor(periodMs / (2 * shortestPauseMs))));
    let group = groups.find(
      (other) =>
        other.periodMs === periodMs &&
        other.timeoutMs === timeoutMs &&
        other.count === count &&
        (other.streamsOf.has(address) || other.streamsOf.size < most),
    );
    if (group === undefined) {
      group = { periodMs, timeoutMs, ...(count === undefined ? {} : { count }), streamsOf: new Map() };
      groups.push(group);
    }
    group.streamsOf.set(address, [...(group.streamsOf.get(address) ?? []), id]);
  }
  return groups;
}

/** Throws InvalidInput when a stream has no port, or when more attempts could be open at once than one prober may hold. */
export function tcpRequest(streams: readonly ProbeStream[]): TcpProbeRequest {
  const request: TcpProbeRequest = { streams: [] };
  for (const { id, protocol, address, port, periodMs, timeoutMs, count } of streams) {
    if (protocol !== 'tcp') continue;
    if (port === undefined) throw new SquallError('InvalidInput', `probe stream '${id}' is tcp and has no port; give one`);
    request.streams.push({ id, address, port, periodMs, timeoutMs, ...(count === undefined ? {} : { count }) });
  }
  const inFlight = request.streams.reduce((sum, stream) => sum + inFlightOf(stream), 0);
  if (inFlight > mostInFlight) {
    throw new SquallError(
      'InvalidInput',
      `the TCP streams could have ${String(inFlight)} connections open at once, more than ${String(mostInFlight)}; ` +
        'use fewer destinations, a longer period or a shorter time-out',
    );
  }
  return request;
}
