/** What goes over the pipes between the agent and the TCP prober. The import is of a type: nothing of it is in the prober. */
import type { LossReason } from '../../api/index.ts';

export type TcpStream = {
  id: string;
  address: string;
  port: number;
  periodMs: number;
  timeoutMs: number;
  /** Absent: until standard input ends. */
  count?: number;
};

/** First and only line on the prober's standard input; it ends when its standard input ends. */
export type TcpProbeRequest = { streams: TcpStream[] };

/** One line of the prober's standard output: one settled probe. `number` counts a stream's probes from 0, without gaps. */
export type TcpProbeLine = { stream: string; number: number; sentAt: number; rttMs?: number; reason?: LossReason };

/**
 * Local ports of our connections. They lie above the default ephemeral range (32768 to 60999), so that the gate can tell a
 * hypothesis's packets from other traffic.
 */
export const localPorts = { first: 61_000, last: 65_535 } as const;

/** Open connection attempts of one prober, all streams together. */
export const mostInFlight = 512;

/** How many attempts a stream can have open at once. */
export function inFlightOf(stream: { periodMs: number; timeoutMs: number }): number {
  return Math.ceil(stream.timeoutMs / stream.periodMs) + 1;
}
