import type { Tunnel } from '../packet/tunnel.ts';
import type { ProblemReason } from '../problems.ts';
import type { DecodedRecord } from './record-decoder.ts';

/** What was wrong, in words and as a code. What stands beside it was read before, and holds. */
export type Complaint = { error: string; reason: ProblemReason };

/** One sFlow datagram as JSON. What is not known is absent; docs/sflow.md says what each field means. */
export type SflowDatagram = DatagramFields | Complaint | (DatagramFields & Complaint);

export type DatagramFields = {
  agent?: string;
  subAgent: number;
  sequence: number;
  uptimeMs: number;
  samples: SflowSample[];
  /** Tags of samples that are not decoded. */
  skippedSamples?: string[];
};

export type SflowSample = SampledPacket | CounterReadings;

type SampleFields = {
  sequence: number;
  /** `TYPE:INDEX` of the data source. */
  source: string;
  /** Tags of records that are not decoded. */
  skippedRecords?: string[];
} & Partial<Complaint>;

export type CounterReadings = SampleFields & { kind: 'counters'; counters: Record<string, DecodedRecord> };

export type SampledPacket = SampleFields & {
  kind: 'flow' | 'discard';
  rate?: number;
  pool?: number;
  drops: number;
  /** An interface index, or `multiple N`, `discarded REASON`. */
  input: number | string;
  output: number | string;
  discardReason?: number;
  discardReasonName?: string;
  frameLength?: number;
  stripped?: number;
  headerProtocol?: number;
} & PacketFields & {
    tunnel?: { type: Tunnel['type']; vni?: number; key?: number } & PacketFields;
    extended?: Record<string, DecodedRecord>;
  };

export type PacketFields = {
  macSource?: string;
  macDestination?: string;
  ethernetType?: number;
  vlans?: number[];
  mplsLabels?: number[];
  ipVersion?: number;
  ipSource?: string;
  ipDestination?: string;
  ipLength?: number;
  ipProtocol?: number;
  ipTos?: number;
  ttl?: number;
  fragmentOffset?: number;
  sourcePort?: number;
  destinationPort?: number;
  tcpFlags?: number;
  icmpType?: number;
  icmpCode?: number;
  truncated?: true;
};
