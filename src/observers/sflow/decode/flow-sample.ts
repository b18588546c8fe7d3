import { absent } from './packet/layer.ts';
import { createPacket, type Packet } from './packet/packet.ts';
import type { Problem } from './problems.ts';

/** What an interface number means: its `format` in sFlow version 5. */
export type Port = { format: number; value: number };

/**
 * One sampled or discarded packet, as numbers only. One record is used for sample after sample: whoever keeps something of it copies it. Offsets
 * count from the datagram's first byte. What is not told is `absent`.
 */
export type FlowSample = {
  kind: 'flow' | 'discard';
  sequence: number;
  sourceType: number;
  sourceIndex: number;
  /** One of this many packets is sampled; absent for a discarded packet. */
  rate: number;
  pool: number;
  drops: number;
  input: Port;
  output: Port;
  /** Why it was discarded (sFlow's list of drop reasons). */
  discardReason: number;
  recordCount: number;
  recordsOffset: number;
  recordsEnd: number;
  /** Of the raw header, when there is one. */
  headerProtocol: number;
  headerOffset: number;
  headerEnd: number;
  /** Bytes on the wire, frame check sequence included. */
  frameLength: number;
  /** Bytes of those that the header lacks at its end or begin: 4 is the frame check sequence. */
  stripped: number;
  packet: Packet;
  /** The first thing that is wrong inside the sample; what was read before it stands. */
  problem: Problem | undefined;
};

export const createFlowSample = (): FlowSample => ({
  kind: 'flow',
  sequence: 0,
  sourceType: 0,
  sourceIndex: 0,
  rate: absent,
  pool: absent,
  drops: 0,
  input: { format: 0, value: 0 },
  output: { format: 0, value: 0 },
  discardReason: absent,
  recordCount: 0,
  recordsOffset: 0,
  recordsEnd: 0,
  headerProtocol: absent,
  headerOffset: absent,
  headerEnd: absent,
  frameLength: absent,
  stripped: absent,
  packet: createPacket(),
  problem: undefined,
});
