import { type CounterSample, counterSampleLengths, createCounterSample, readCounterSample } from './counter-sample.ts';
import type { FlowSample } from './flow-sample.ts';
import type { Problem } from './problems.ts';
import { createFlowSampleReader, flowSampleLengths } from './read-flow-sample.ts';
import { paddedEnd, recordHeaderLength } from './records.ts';

/** Who sent a datagram. One record is used for datagram after datagram. */
export type DatagramHeader = {
  /** 0: the agent does not know its address; 1: IPv4; 2: IPv6. */
  agentType: number;
  agentOffset: number;
  subAgent: number;
  sequence: number;
  uptimeMs: number;
  /** As announced: at most so many samples follow. */
  sampleCount: number;
};

/**
 * What is told of a datagram, in its order. All records are used again after each call, offsets count from the datagram's first byte, and `view` is
 * over the datagram.
 */
export type DatagramVisitor = {
  datagram: (header: DatagramHeader, view: DataView) => void;
  /** A flow sample, or a discarded packet: `kind` tells them apart. */
  flowSample: (sample: FlowSample, view: DataView) => void;
  counterSample: (sample: CounterSample, view: DataView) => void;
  /** Of a kind that is not decoded, by its tag. */
  skippedSample: (tag: number) => void;
};

const version = 5;
/** Of an IPv4 or IPv6 address, by type; type 0 has none. */
const addressLengths = [0, 4, 16];
const sampleTags = { flow: 1, counters: 2, expandedFlow: 3, expandedCounters: 4, discard: 5 } as const;

/**
 * A function that reads an sFlow version 5 datagram (sflow.org/sflow_version_5.txt) and tells `visitor` what is in it. It allocates nothing for a
 * sample, believes no count and no length, and never throws for any bytes. It returns what made it stop, or what is wrong in the first sample that is
 * not whole; everything that was told before stands.
 */
export function createDatagramWalker(visitor: DatagramVisitor): (datagram: Uint8Array) => Problem | undefined {
  const header: DatagramHeader = { agentType: 0, agentOffset: 0, subAgent: 0, sequence: 0, uptimeMs: 0, sampleCount: 0 };
  const readFlowSample = createFlowSampleReader();
  const counterSample = createCounterSample();

  const tellFlowSample = (
    view: DataView,
    start: number,
    end: number,
    layout: keyof typeof flowSampleLengths,
  ): Problem | undefined => {
    if (start + flowSampleLengths[layout] > end) return sampleTooShort(start, end, flowSampleLengths[layout]);
    visitor.flowSample(readFlowSample(view, start, end, layout), view);
    return undefined;
  };

  const tellCounterSample = (
    view: DataView,
    start: number,
    end: number,
    layout: keyof typeof counterSampleLengths,
  ): Problem | undefined => {
    if (start + counterSampleLengths[layout] > end) return sampleTooShort(start, end, counterSampleLengths[layout]);
    readCounterSample(view, start, end, layout, counterSample);
    visitor.counterSample(counterSample, view);
    return undefined;
  };

  const tellSample = (view: DataView, tag: number, start: number, end: number): Problem | undefined => {
    switch (tag) {
      case sampleTags.flow:
        return tellFlowSample(view, start, end, 'compact');
      case sampleTags.expandedFlow:
        return tellFlowSample(view, start, end, 'expanded');
      case sampleTags.discard:
        return tellFlowSample(view, start, end, 'discard');
      case sampleTags.counters:
        return tellCounterSample(view, start, end, 'compact');
      case sampleTags.expandedCounters:
        return tellCounterSample(view, start, end, 'expanded');
      default:
        visitor.skippedSample(tag);
        return undefined;
    }
  };

  return (datagram) => {
    const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
    const end = view.byteLength;
    const refused = readHeader(view, header);
    if (refused !== undefined) return refused;
    visitor.datagram(header, view);
    let problem: Problem | undefined;
    let offset = samplesOffset(header);
    for (let index = 0; index < header.sampleCount; index += 1) {
      if (offset + recordHeaderLength > end) {
        return problem ?? { reason: 'MissingSamples', offset, found: header.sampleCount, limit: index };
      }
      const [length, left] = [view.getUint32(offset + 4), end - offset - recordHeaderLength];
      if (length > left) return problem ?? { reason: 'SamplePastEnd', offset, found: length, limit: left };
      const start = offset + recordHeaderLength;
      const found = tellSample(view, view.getUint32(offset), start, start + length);
      problem ??= found;
      offset = paddedEnd(start + length, end);
    }
    return problem;
  };
}

const samplesOffset = ({ agentType, agentOffset }: DatagramHeader): number => agentOffset + (addressLengths[agentType] ?? 0) + 16;

function readHeader(view: DataView, header: DatagramHeader): Problem | undefined {
  const length = view.byteLength;
  if (length < 8) return { reason: 'HeaderTooShort', offset: 0, found: length, limit: 8 };
  const found = view.getUint32(0);
  if (found !== version) return { reason: 'UnsupportedVersion', offset: 0, found, limit: version };
  header.agentType = view.getUint32(4);
  header.agentOffset = 8;
  const addressLength = addressLengths[header.agentType];
  if (addressLength === undefined) {
    return { reason: 'UnknownAddressType', offset: 4, found: header.agentType, limit: addressLengths.length - 1 };
  }
  const offset = header.agentOffset + addressLength;
  if (offset + 16 > length) return { reason: 'HeaderTooShort', offset: 0, found: length, limit: offset + 16 };
  header.subAgent = view.getUint32(offset);
  header.sequence = view.getUint32(offset + 4);
  header.uptimeMs = view.getUint32(offset + 8);
  header.sampleCount = view.getUint32(offset + 12);
  return undefined;
}

const sampleTooShort = (start: number, end: number, limit: number): Problem => ({
  reason: 'SampleTooShort',
  offset: start,
  found: end - start,
  limit,
});
