import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../scripts/random.ts';
import {
  createCurrentPacket,
  createDatagramDecoder,
  createDatagramWalker,
  createFlowIntake,
  createFlowTable,
  defineFlow,
  type FlowFields,
  type SampledPacket,
  type TableChange,
  type WrittenFlow,
} from '../../../src/observers/index.ts';
import {
  type Bytes,
  concat,
  datagram,
  ethernet,
  flowSample,
  half,
  hex,
  ipv4,
  ipv6,
  rawHeader,
  tagged,
  tcp,
  udp,
  words,
  zeros,
} from '../sflow/build.ts';
import { mutated } from '../sflow/fuzz/mutate.ts';
import { builtDatagrams } from '../sflow/fuzz/seeds.ts';
import { payloadsOf, recordingNames } from '../sflow/recordings.ts';

/** Thousands of datagrams take seconds on a machine that others keep busy. */
const patient = { timeout: 120_000 };

/** Tells all fields of each flow sample of a datagram, read at once. */
function createFieldsOf(): (bytes: Uint8Array) => FlowFields[] {
  const packet = createCurrentPacket();
  let all: FlowFields[] = [];
  const walk = createDatagramWalker({
    datagram: () => undefined,
    flowSample: (sample, view) => {
      packet.look(sample, view);
      if (sample.kind === 'flow') all.push(present(packet.fields));
    },
    counterSample: () => undefined,
    skippedSample: () => undefined,
  });
  return (bytes) => {
    all = [];
    walk(bytes);
    return all;
  };
}

const present = (fields: Readonly<Record<string, string | number | undefined>>): FlowFields =>
  Object.fromEntries(Object.entries(fields).filter((entry): entry is [string, string | number] => entry[1] !== undefined));

/** The same of a sample as an object, but for the words that are made of several fields. */
function fieldsOfObject(sample: SampledPacket): FlowFields {
  const layers = [
    ['', sample],
    ['.1', sample.tunnel],
  ] as const;
  const fields = layers.flatMap(([suffix, layer]) => {
    if (layer === undefined) return [];
    const { ipVersion, ipProtocol, vlans, macSource, macDestination } = layer;
    const [four, six] = [ipVersion === 4 ? layer : undefined, ipVersion === 6 ? layer : undefined];
    const [overTcp, overUdp] = [ipProtocol === 6 ? layer : undefined, ipProtocol === 17 ? layer : undefined];
    return Object.entries({
      macsource: macSource?.replaceAll(':', '').toUpperCase(),
      macdestination: macDestination?.replaceAll(':', '').toUpperCase(),
      ethernetprotocol: layer.ethernetType,
      vlan: vlans?.[0],
      ipprotocol: four?.ipProtocol,
      ipsource: four?.ipSource,
      ipdestination: four?.ipDestination,
      ipbytes: four?.ipLength,
      ip6source: six?.ipSource,
      ip6destination: six?.ipDestination,
      ip6nexthdr: six?.ipProtocol,
      ip6bytes: six?.ipLength,
      tcpsourceport: overTcp?.sourcePort,
      tcpdestinationport: overTcp?.destinationPort,
      tcpflags: overTcp?.tcpFlags?.toString(2).padStart(9, '0'),
      udpsourceport: overUdp?.sourcePort,
      udpdestinationport: overUdp?.destinationPort,
      icmptype: layer.icmpType,
      icmpcode: layer.icmpCode,
    }).map(([name, value]) => [`${name}${suffix}`, value] as const);
  });
  return present({ ...Object.fromEntries(fields), bytes: sample.frameLength ?? sample.ipLength });
}

const madeOfSeveral = /^(priority|ipflags|ipfragoffset|inputifindex|outputifindex|stack)(\.1)?$/;
const withoutMade = (fields: FlowFields): FlowFields =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !madeOfSeveral.test(name)));

const oneSample = (header: Bytes, protocol = 1): Uint8Array => datagram([flowSample([rawHeader(header, protocol)])]);
const insideVxlan = concat(words(0x08000000, 5 << 8), ethernet(0x86dd, ipv6(58, [128, 0])));
const ipv4Record = tagged(3, words(1480, 6), [10, 0, 0, 1, 10, 0, 0, 2], words(1, 2, 0x12, 0));

describe('the fields of the current packet', patient, () => {
  it.each<[string, Uint8Array, FlowFields]>([
    [
      'TCP',
      oneSample(ethernet(0x0800, ipv4(6, tcp(40_000, 443, 0x12), { fragment: 0x4000 }))),
      {
        bytes: 58,
        macdestination: '020000000001',
        macsource: '020000000002',
        ethernetprotocol: 2048,
        ipprotocol: 6,
        ipsource: '10.0.0.1',
        ipdestination: '10.0.0.2',
        ipflags: '010',
        ipfragoffset: 0,
        ipbytes: 40,
        tcpsourceport: 40_000,
        tcpdestinationport: 443,
        tcpflags: '000010010',
        inputifindex: 9,
        outputifindex: 10,
        stack: 'eth.ip.tcp',
      },
    ],
    [
      'a VLAN, and upper case of a MAC address',
      oneSample(concat(hex('02 00 00 00 00 01 0a bc de f0 00 02'), half(0x8100), half(0xa007), half(0x0806), zeros(28))),
      {
        bytes: 50,
        macdestination: '020000000001',
        macsource: '0ABCDEF00002',
        ethernetprotocol: 2054,
        vlan: 7,
        priority: 5,
        inputifindex: 9,
        outputifindex: 10,
        stack: 'eth',
      },
    ],
    [
      'a later fragment',
      oneSample(ipv4(17, zeros(8), { fragment: 0x2009 }), 11),
      {
        bytes: 32,
        ipprotocol: 17,
        ipsource: '10.0.0.1',
        ipdestination: '10.0.0.2',
        ipflags: '001',
        ipfragoffset: 9,
        ipbytes: 28,
        inputifindex: 9,
        outputifindex: 10,
        stack: 'ip.udp',
      },
    ],
    [
      'IPv6 in VXLAN, whose layers have the suffix of inner ones',
      oneSample(ipv4(17, udp(5, 4789, insideVxlan)), 11),
      {
        bytes: 24 + 8 + insideVxlan.length,
        ipprotocol: 17,
        ipsource: '10.0.0.1',
        ipdestination: '10.0.0.2',
        ipflags: '000',
        ipfragoffset: 0,
        ipbytes: 28 + insideVxlan.length,
        udpsourceport: 5,
        udpdestinationport: 4789,
        inputifindex: 9,
        outputifindex: 10,
        stack: 'ip.udp.vxlan.eth.ip6.icmp6',
        'macdestination.1': '020000000001',
        'macsource.1': '020000000002',
        'ethernetprotocol.1': 0x86dd,
        'ip6nexthdr.1': 58,
        'ip6source.1': '2001:db8::1',
        'ip6destination.1': '2001:db8::2',
        'ip6bytes.1': 42,
        'icmptype.1': 128,
        'icmpcode.1': 0,
      },
    ],
    [
      'a sender that tells single fields, from an interface that it does not know to none',
      datagram([flowSample([ipv4Record], 0, 0x40000102)]),
      {
        bytes: 1480,
        ipprotocol: 6,
        ipsource: '10.0.0.1',
        ipdestination: '10.0.0.2',
        ipbytes: 1480,
        tcpsourceport: 1,
        tcpdestinationport: 2,
        tcpflags: '000010010',
        outputifindex: 'discard',
        stack: 'ip.tcp',
      },
    ],
    ['several outputs', datagram([flowSample([], 1, 0x80000000)]), { inputifindex: 1, outputifindex: 'multiple' }],
  ])('are those of %s', (_, bytes, expected) => {
    expect(createFieldsOf()(bytes)).toEqual([expected]);
  });

  it.each(recordingNames)('say of %s what the decoder says in objects', async (name) => {
    const decode = createDatagramDecoder();
    const datagrams = await payloadsOf(name, 'bin');
    const samples = datagrams.map(decode).flatMap((decoded) => ('samples' in decoded ? decoded.samples : []));
    const expected = samples.flatMap((sample) => (sample.kind === 'flow' ? [fieldsOfObject(sample)] : []));
    expect(datagrams.flatMap(createFieldsOf()).map(withoutMade)).toEqual(expected);
  });
});

const definitions: WrittenFlow[] = [
  { keys: [], value: 'bytes' },
  { keys: ['ipsource', 'ipdestination', 'or:tcpdestinationport:udpdestinationport'], value: 'frames' },
  { keys: ['mask:ipsource:24', 'null:vlan:0'], value: 'ipbytes', filter: 'ipprotocol=6,17&stack~eth.*' },
  { keys: ['ip6source', 'null:ip6destination.1:none', 'inputifindex'], value: 'ip6bytes' },
  { keys: ['macsource', 'macdestination'], value: 'bytes', filter: 'tcpflags~.......1.|range:bytes:0:200=true' },
  { keys: ['suffix:stack:.:1', 'null:ipsource.1:none'], value: 'frames', filter: 'vlan!=1' },
];

describe('the intake of sampled packets', patient, () => {
  it('puts them into the flows that their fields, read at once, put them into', async () => {
    const recorded = (await Promise.all(recordingNames.map((name) => payloadsOf(name, 'bin')))).flat();
    const random = seededRandom(4);
    const seeds = [...recorded.filter((_, index) => index % 5 === 0), ...builtDatagrams];
    const datagrams = [...seeds, ...Array.from({ length: 1000 }, () => mutated(seeds, random))];
    for (const written of definitions) {
      const definition = defineFlow(written);
      // Few decisions are kept, so that all ways are gone.
      const [lazy, eager] = [tableOf(written), tableOf(written)];
      const changes: [TableChange[], TableChange[]][] = [];
      const packet = createCurrentPacket();
      const intake = createFlowIntake(definition, lazy, packet, { decisions: 20, packetValue: Infinity });
      const walk = createDatagramWalker({
        datagram: () => undefined,
        flowSample: (sample, view) => {
          if (sample.kind !== 'flow') return;
          packet.look(sample, view);
          intake.take({ number: 1, name: 'agent' }, 1);
          const fields = present(packet.fields);
          const [flow, value] = [definition.flowOf(fields), definition.value(fields)];
          if (flow !== undefined && value !== undefined) eager.add({ source: 'agent', flow, value, samplingRate: 1 });
        },
        counterSample: () => undefined,
        skippedSample: () => undefined,
      });
      datagrams.forEach((bytes, index) => {
        for (const table of [lazy, eager]) table.begin({ fromMs: index, toMs: index + 1, lostDatagrams: 0 });
        walk(bytes);
        changes.push([lazy.end(), eager.end()]);
      });
      expect(changes.map(([ofLazy]) => ofLazy)).toEqual(changes.map(([, ofEager]) => ofEager));
      expect(lazy.size()).toBeGreaterThan(0);
    }
  });

  const tableOf = (written: WrittenFlow) => createFlowTable(defineFlow(written), { smoothingMs: 2000, mostFlows: 30 });

  it('refuses what adds more than a packet can, and decides anew when it is told to', () => {
    const packet = createCurrentPacket();
    let isExempt = false;
    const definition = defineFlow({ keys: ['ipsource'], value: 'bytes' }, () => isExempt);
    const table = createFlowTable(definition, { smoothingMs: 2000, mostFlows: 30 });
    const intake = createFlowIntake(definition, table, packet, { decisions: 20, packetValue: 1000 });
    const taken: boolean[] = [];
    const walk = createDatagramWalker({
      datagram: () => undefined,
      flowSample: (sample, view) => {
        packet.look(sample, view);
        taken.push(intake.take({ number: 1, name: 'agent' }, 1));
      },
      counterSample: () => undefined,
      skippedSample: () => undefined,
    });
    const sampleOf = (bytes: number) => datagram([flowSample([rawHeader(ipv4(6, tcp(1, 2, 3)), 11, bytes)])]);
    const samplesOf = (bytes: number) => {
      walk(sampleOf(bytes));
      return table.end().map(({ total }) => total.samples);
    };
    expect([samplesOf(1001), samplesOf(1000), taken]).toEqual([[], [1], [false, true]]);
    isExempt = true;
    expect(samplesOf(1000)).toEqual([1]);
    intake.forget();
    expect(samplesOf(1000)).toEqual([]);
  });
});

describe('which fields a definition asks for', patient, () => {
  it('are never fewer than those that it reads', () => {
    const all = [...new Set(definitions.flatMap(({ keys, filter }) => [...keys, filter ?? '']))].filter((text) => text !== '');
    fc.assert(
      fc.property(fc.subarray(all.filter((text) => !text.includes('='))), (keys) => {
        const definition = defineFlow({ keys, value: 'frames' });
        const read = new Set<string>();
        const fields = new Proxy<FlowFields>(
          {},
          {
            get: (_, name) => {
              read.add(String(name));
              return '10.0.0.1';
            },
          },
        );
        definition.flowOf(fields);
        expect([...read].filter((name) => !definition.names.includes(name))).toEqual([]);
      }),
      { seed: 1, numRuns: 100 },
    );
  });
});
