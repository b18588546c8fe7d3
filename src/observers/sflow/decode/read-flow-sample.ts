import { createFlowSample, type FlowSample, type Port } from './flow-sample.ts';
import { absent } from './packet/layer.ts';
import { clearPacket, readPacket } from './packet/packet.ts';
import type { Problem } from './problems.ts';
import { walkRecords } from './records.ts';
import { readSampledEthernet, readSampledIpv4, readSampledIpv6 } from './sampled-fields.ts';

/** Bytes before the records. */
export const flowSampleLengths = { compact: 32, expanded: 44, discard: 32 } as const;

/** Flow records that describe the packet itself. */
export const flowRecordTags = { rawHeader: 1, ethernet: 2, ipv4: 3, ipv6: 4 } as const;
const rawHeaderFixedLength = 16;

/** Reads a flow sample and the packet in it; `layout` has its fixed length between `offset` and `end`. */
export type FlowSampleReader = (
  view: DataView,
  offset: number,
  end: number,
  layout: keyof typeof flowSampleLengths,
) => FlowSample;

/** A reader with a record of its own, which it returns every time. */
export function createFlowSampleReader(): FlowSampleReader {
  const sample = createFlowSample();
  const { packet } = sample;
  let current: DataView;
  // Records 2 to 4 say less than the raw header does, and some senders send all: they count where there is none.
  let [ethernetOffset, ethernetEnd, ipv4Offset, ipv4End, ipv6Offset, ipv6End] = [0, 0, 0, 0, 0, 0];

  const visitRecord = (tag: number, start: number, end: number): Problem | undefined => {
    switch (tag) {
      case flowRecordTags.rawHeader:
        return sample.headerOffset === absent ? readRawHeader(current, start, end, sample) : undefined;
      case flowRecordTags.ethernet:
        [ethernetOffset, ethernetEnd] = [start, end];
        return undefined;
      case flowRecordTags.ipv4:
        [ipv4Offset, ipv4End] = [start, end];
        return undefined;
      case flowRecordTags.ipv6:
        [ipv6Offset, ipv6End] = [start, end];
        return undefined;
      default:
        return undefined;
    }
  };

  return (view, offset, end, layout) => {
    current = view;
    clearPacket(packet);
    sample.headerProtocol = absent;
    sample.headerOffset = absent;
    sample.headerEnd = absent;
    sample.frameLength = absent;
    sample.stripped = absent;
    ethernetOffset = ipv4Offset = ipv6Offset = 0;
    readFixedPart(view, offset, layout, sample);
    sample.recordsEnd = end;
    sample.problem = walkRecords(view, sample.recordsOffset, end, sample.recordCount, visitRecord);
    if (sample.headerOffset === absent) {
      const inEthernet = ethernetOffset > 0 ? readSampledEthernet(view, ethernetOffset, ethernetEnd, sample) : undefined;
      const inIpv4 = ipv4Offset > 0 ? readSampledIpv4(view, ipv4Offset, ipv4End, packet.outer) : undefined;
      const inIpv6 = ipv6Offset > 0 ? readSampledIpv6(view, ipv6Offset, ipv6End, packet.outer) : undefined;
      sample.problem ??= inEthernet ?? inIpv4 ?? inIpv6;
    }
    return sample;
  };
}

function readFixedPart(view: DataView, offset: number, layout: keyof typeof flowSampleLengths, sample: FlowSample): void {
  const { input, output } = sample;
  sample.sequence = view.getUint32(offset);
  sample.kind = layout === 'discard' ? 'discard' : 'flow';
  sample.discardReason = absent;
  switch (layout) {
    case 'compact':
      sample.sourceType = view.getUint8(offset + 4);
      sample.sourceIndex = view.getUint32(offset + 4) & 0x00ff_ffff;
      readRates(view, offset + 8, sample);
      readCompactPort(view, offset + 20, input);
      readCompactPort(view, offset + 24, output);
      break;
    case 'expanded':
      sample.sourceType = view.getUint32(offset + 4);
      sample.sourceIndex = view.getUint32(offset + 8);
      readRates(view, offset + 12, sample);
      input.format = view.getUint32(offset + 24);
      input.value = view.getUint32(offset + 28);
      output.format = view.getUint32(offset + 32);
      output.value = view.getUint32(offset + 36);
      break;
    case 'discard':
      sample.sourceType = view.getUint32(offset + 4);
      sample.sourceIndex = view.getUint32(offset + 8);
      sample.rate = absent;
      sample.pool = absent;
      sample.drops = view.getUint32(offset + 12);
      input.format = 0;
      input.value = view.getUint32(offset + 16);
      output.format = 0;
      output.value = view.getUint32(offset + 20);
      sample.discardReason = view.getUint32(offset + 24);
  }
  sample.recordsOffset = offset + flowSampleLengths[layout];
  sample.recordCount = view.getUint32(sample.recordsOffset - 4);
}

function readRates(view: DataView, offset: number, sample: FlowSample): void {
  sample.rate = view.getUint32(offset);
  sample.pool = view.getUint32(offset + 4);
  sample.drops = view.getUint32(offset + 8);
}

function readCompactPort(view: DataView, offset: number, port: Port): void {
  const word = view.getUint32(offset);
  port.format = word >>> 30;
  port.value = word & 0x3fff_ffff;
}

function readRawHeader(view: DataView, start: number, end: number, sample: FlowSample): Problem | undefined {
  if (start + rawHeaderFixedLength > end) {
    return { reason: 'RecordTooShort', offset: start, found: end - start, limit: rawHeaderFixedLength };
  }
  sample.headerProtocol = view.getUint32(start);
  sample.frameLength = view.getUint32(start + 4);
  sample.stripped = view.getUint32(start + 8);
  sample.headerOffset = start + rawHeaderFixedLength;
  sample.headerEnd = Math.min(end, sample.headerOffset + view.getUint32(start + 12));
  readPacket(view, sample.headerOffset, sample.headerEnd, sample.headerProtocol, sample.packet);
  return undefined;
}
