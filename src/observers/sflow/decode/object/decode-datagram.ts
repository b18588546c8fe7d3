import type { CounterSample } from '../counter-sample.ts';
import type { FlowSample, Port } from '../flow-sample.ts';
import { unknown } from '../packet/layer.ts';
import { describeProblem, type Problem } from '../problems.ts';
import { flowRecordTags } from '../read-flow-sample.ts';
import { tagText } from '../records.ts';
import { createDatagramWalker } from '../walk-datagram.ts';
import type { Complaint, CounterReadings, DatagramFields, SampledPacket, SflowDatagram, SflowSample } from './datagram.ts';
import { decodeRecords } from './decode-records.ts';
import { discardReasonName } from './discard-reasons.ts';
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
  const { kind, sequence, drops, discardReason, packet } = sample;
  const { decoded, skipped } = decodeRecords(
    view,
    sample,
    extendedData,
    sample.headerOffset === unknown ? sampledFields : rawHeader,
  );
  const reasonName = discardReasonName(discardReason);
  return {
    kind,
    sequence,
    source: sourceText(sample),
    ...known('rate', sample.rate),
    ...known('pool', sample.pool),
    drops,
    input: portText(sample.input),
    output: portText(sample.output),
    ...known('discardReason', discardReason),
    ...(reasonName === undefined ? {} : { discardReasonName: reasonName }),
    ...known('frameLength', sample.frameLength),
    ...known('stripped', sample.stripped),
    ...known('headerProtocol', sample.headerProtocol),
    ...packetFields(view, packet.outer),
    ...tunnelOf(view, sample),
    ...(Object.keys(decoded).length === 0 ? {} : { extended: decoded }),
    ...skippedRecords(skipped),
    ...complaintOf(sample.problem),
  };
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

function tunnelOf(view: DataView, { packet }: FlowSample): Pick<SampledPacket, 'tunnel'> {
  const { type, id, layer } = packet.tunnel;
  if (type === undefined) return {};
  return { tunnel: { type, ...known(type === 'vxlan' ? 'vni' : 'key', id), ...packetFields(view, layer) } };
}

function known<Name extends string>(name: Name, value: number): Partial<Record<Name, number>> {
  return value === unknown ? {} : ({ [name]: value } as Record<Name, number>);
}
