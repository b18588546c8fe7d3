/** What the engine tells of each sampled packet to whoever sums up the traffic of a run. */
import type { NetworkTraffic, Phase } from '../../../api/index.ts';

export type TrafficSample = {
  /** Names agent and data source. */
  source: string;
  samplingRate: number;
  frameLength: number;
  ipSource?: string;
  ipDestination?: string;
  ipProtocol?: number;
  sourcePort?: number;
  destinationPort?: number;
  tcpFlags?: number;
  payloadBytes: number;
};

export type TrafficLedger = {
  observe: (sample: TrafficSample) => void;
  enter: (phase: Phase, nowMs: number) => void;
  view: (nowMs: number) => NetworkTraffic;
};

export type TrafficLedgerFactory = (options: { targets: readonly string[] }) => TrafficLedger;
