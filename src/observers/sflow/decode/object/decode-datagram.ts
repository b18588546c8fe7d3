import type { CounterSample } from '../counter-sample.ts';
import type { FlowSample, Port } from '../flow-sample.ts';
import { absent } from '../packet/layer.ts';
import type { Tunnel } from '../packet/tunnel.ts';
import { describeProblem, type Problem } from '../problems.ts';
import { flowRecordTags } from '../read-flow-sample.ts';
import { tagText } from '../records.ts';
import { createDatagramWalker } from '../walk-datagram.ts';
import type { Complaint, CounterReadings, DatagramFields, SampledPacket, SflowDatagram, SflowSample } from './datagram.ts';
import { decodeRecords } from './decode-records.ts';
import { nameOfDiscardReason } from './discard-reasons.ts';
import { extendedData } from './extended-data.ts';
import { hostCounters } from './host-counters.ts';
import { interfaceCounters } from './interface-counters.ts';
import { packetFields } from './packet-fields.ts';
import { addressText } from './text.ts';

const counterDecoders = { ...interfaceCounters, ...hostCounters };
const rawHeader = new Set<number>([flowRecordTags.rawHeader]);
const sampledFields = new Set<number>([flowRecordTags.ethernet, flowRecordTags.ipv4, flowRecordTags.ipv6]);
const none = new Set<number>();

/**
 * A function that decodes sFlow version 5 datagrams into objects. It never throws; an object holds no more than a small multiple of the
 * datagram's length. A collector that must be fast uses `createDatagramWalker`, on which this stands.
 */
export function createDatagramDecoder(): (datagram: Uint8Array) => SflowDatagram {
  let header: DatagramFields | undefined;
  let samples: SflowSample[] = [];
  let skippedSamples: string[] = [];
  const walk = createDatagramWalker({
    datagram: ({ agentType, agentOffset, subAgent, sequence, uptimeMs }, view) => {
      const agent = addressText(view, agentType, agentOffset);
      header = { ...(agent === undefined ? {} : { agent }), subAgent, sequence, uptimeMs, samples };
    },
    flowSample: (sample, view) => samples.push(sampledPacket(view, sample)),
    counterSample: (sample, view) => samples.push(counterReadings(view, sample)),
    skippedSample: (tag) => skippedSamples.push(tagText(tag)),
  });
  const forget = (): void => {
    header = undefined;
    samples = [];
    skippedSamples = [];
  };
  return (datagram) => {
    forget();
    const problem = walk(datagram);
    const skipped = skippedSamples.length === 0 ? undefined : { skippedSamples };
    // Without a header there is a problem, and nothing else.
    return { ...header, ...skipped, ...complaintOf(problem) } as SflowDatagram;
  };
}

const complaintOf = (problem: Problem | undefined): Complaint | undefined =>
  problem === undefined ? undefined : { error: describeProblem(problem), reason: problem.reason };

function sampledPacket(view: DataView, sample: FlowSample): SampledPacket {
  const { headerProtocol, frameLength, stripped, packet, problem } = sample;
  const handled = headerProtocol === absent ? sampledFields : rawHeader;
  const { decoded, skipped } = decodeRecords(view, sample, extendedData, handled);
  const fields = fixedFields(sample);
  if (frameLength !== absent) fields.frameLength = frameLength;
  if (stripped !== absent) fields.stripped = stripped;
  if (headerProtocol !== absent) fields.headerProtocol = headerProtocol;
  Object.assign(fields, packetFields(view, packet.outer));
  if (packet.tunnel.type !== undefined) fields.tunnel = tunnelFields(view, packet.tunnel);
  if (Object.keys(decoded).length > 0) fields.extended = decoded;
  return Object.assign(fields, skippedRecords(skipped), complaintOf(problem));
}

function fixedFields(sample: FlowSample): SampledPacket {
  const { kind, sequence, rate, pool, drops, discardReason } = sample;
  const [source, input, output] = [sourceText(sample), portText(sample.input), portText(sample.output)];
  if (kind === 'flow') return { kind, sequence, source, rate, pool, drops, input, output };
  const discardReasonName = nameOfDiscardReason(discardReason);
  const fields = { kind, sequence, source, drops, input, output, discardReason };
  return discardReasonName === undefined ? fields : { ...fields, discardReasonName };
}

function counterReadings(view: DataView, sample: CounterSample): CounterReadings {
  const { decoded, skipped, problem } = decodeRecords(view, sample, counterDecoders, none);
  return {
    kind: 'counters',
    sequence: sample.sequence,
    source: sourceText(sample),
    counters: decoded,
    ...skippedRecords(skipped),
    ...complaintOf(problem),
  };
}

const skippedRecords = (skipped: string[]) => (skipped.length === 0 ? undefined : { skippedRecords: skipped });

const sourceText = ({ sourceType, sourceIndex }: { sourceType: number; sourceIndex: number }): string =>
  `${sourceType}:${sourceIndex}`;

/** The formats of an interface in sFlow version 5; 3 and above are not defined. */
function portText({ format, value }: Port): number | string {
  switch (format) {
    case 0:
      return value;
    case 1:
      return `discarded ${value}`;
    case 2:
      return `multiple ${value}`;
    default:
      return `format ${format} ${value}`;
  }
}

function tunnelFields(view: DataView, { type, id, layer }: Tunnel): SampledPacket['tunnel'] {
  const identifier = id === absent ? undefined : type === 'vxlan' ? { vni: id } : { key: id };
  return { type, ...identifier, ...packetFields(view, layer) };
}
