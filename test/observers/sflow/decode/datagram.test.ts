import { describe, expect, it } from 'vitest';
import { createDatagramDecoder, type CounterReadings, type SampledPacket } from '../../../../src/observers/index.ts';
import {
  agents,
  type Bytes,
  concat,
  datagram,
  ethernet,
  flowSample,
  hex,
  ipv4,
  opaque,
  rawHeader,
  tagged,
  tcp,
  text,
  words,
  zeros,
} from '../build.ts';

const decode = createDatagramDecoder();
const packet = rawHeader(ethernet(0x0800, ipv4(6, tcp(33000, 80, 2))));

/** Whatever its kind is: a test reads what it expects. */
type AnySample = Omit<SampledPacket & Pick<CounterReadings, 'counters'>, 'kind'> & { kind: string };

function onlySample(sample: Bytes): AnySample {
  const { samples } = decode(datagram([sample])) as unknown as { samples: AnySample[] };
  const [only, ...others] = samples;
  if (only === undefined || others.length > 0) throw new Error('expected one sample');
  return only;
}

const extendedOf = (tag: number, ...body: Bytes[]): object | undefined => onlySample(flowSample([tagged(tag, ...body)])).extended;
const countersOf = (tag: number, ...body: Bytes[]): object =>
  onlySample(tagged(2, words(1, 0x00000007, 1), tagged(tag, ...body))).counters;

describe('a datagram', () => {
  it.each([
    ['IPv4', agents.ipv4, '192.0.2.1'],
    ['IPv6', agents.ipv6, '2001:db8::1'],
    ['unknown, which has no bytes', agents.unknown, undefined],
  ])('may come from an agent whose address is %s', (_, agent, expected) => {
    const decoded = decode(datagram([flowSample([packet])], agent));
    expect(decoded).toMatchObject({
      subAgent: 7,
      sequence: 42,
      uptimeMs: 5000,
      samples: [{ kind: 'flow', destinationPort: 80 }],
    });
    expect('agent' in decoded ? decoded.agent : undefined).toBe(expected);
    expect(decoded).not.toHaveProperty('error');
  });

  it.each<[string, Uint8Array, string, RegExp]>([
    ['without a byte', zeros(0), 'HeaderTooShort', /of 0 bytes/],
    ['of 7 bytes', words(5, 1).subarray(0, 7), 'HeaderTooShort', /of 7 bytes: expected a header of at least 8/],
    ['of version 2', concat(words(2), agents.ipv4, zeros(40)), 'UnsupportedVersion', /version 2: only version 5/],
    ['of version 4', concat(words(4), agents.ipv4, zeros(40)), 'UnsupportedVersion', /version 4: only version 5/],
    ['of an agent with an address of type 3', concat(words(5, 3), zeros(60)), 'UnknownAddressType', /address type 3/],
    [
      'that ends inside its header',
      datagram([]).subarray(0, 27),
      'HeaderTooShort',
      /of 27 bytes: expected a header of at least 28/,
    ],
    ['that ends inside an IPv6 address', datagram([], agents.ipv6).subarray(0, 20), 'HeaderTooShort', /at least 40/],
  ])('%s is an error and nothing else', (_, bytes, reason, error) => {
    const decoded = decode(bytes);
    expect(decoded).toEqual({ reason, error: expect.stringMatching(error) as string });
  });

  it.each<[string, Uint8Array, string, number]>([
    ['2^32 - 1 samples, of which one is there', datagram([flowSample([packet])], agents.ipv4, 0xffffffff), 'MissingSamples', 1],
    ['samples of no byte, 2^32 - 1 times', datagram([words(99, 0)], agents.ipv4, 0xffffffff), 'MissingSamples', 0],
    ['a sample of 2^32 - 1 bytes', datagram([flowSample([packet]), words(1, 0xffffffff)]), 'SamplePastEnd', 1],
    ['a sample that ends 1 byte behind the datagram', datagram([words(1, 41), zeros(40)]), 'SamplePastEnd', 0],
    ['a flow sample of 28 bytes', datagram([tagged(1, zeros(28)), flowSample([packet])]), 'SampleTooShort', 1],
    ['an expanded flow sample of 40 bytes', datagram([tagged(3, zeros(40)), flowSample([packet])]), 'SampleTooShort', 1],
    ['a counter sample of 8 bytes', datagram([tagged(2, zeros(8)), flowSample([packet])]), 'SampleTooShort', 1],
    ['an expanded counter sample of 12 bytes', datagram([tagged(4, zeros(12)), flowSample([packet])]), 'SampleTooShort', 1],
    ['a discarded packet of 28 bytes', datagram([tagged(5, zeros(28)), flowSample([packet])]), 'SampleTooShort', 1],
  ])('with %s says so, and keeps what is whole', (_, bytes, reason, samples) => {
    expect(decode(bytes)).toMatchObject({ sequence: 42, reason, samples: { length: samples } });
  });

  it.each<[string, Bytes, string]>([
    ['2^32 - 1 records, of which one is there', flowSample([packet], 9, 10, 0xffffffff), 'MissingRecords'],
    ['a record of 2^32 - 1 bytes', flowSample([packet, words(1001, 0xffffffff)]), 'RecordPastEnd'],
    ['a raw header of 12 bytes', flowSample([packet, tagged(1, zeros(12))]), ''],
  ])('keeps a sample with %s, and says so', (_, sample, reason) => {
    const { reason: found = '', destinationPort } = onlySample(sample);
    expect([destinationPort, found]).toEqual([80, reason]);
  });

  it('reads on behind a record that is too short', () => {
    const behind = onlySample(flowSample([tagged(1, zeros(12)), packet]));
    expect(behind).toMatchObject({ reason: 'RecordTooShort', destinationPort: 80 });
    const ipv4Record = tagged(3, words(40, 6), [10, 0, 0, 3], [10, 0, 0, 4], words(1, 2, 0x18, 4));
    const fields = onlySample(flowSample([tagged(2, zeros(8)), ipv4Record]));
    expect(fields).toMatchObject({ reason: 'RecordTooShort', destinationPort: 2 });
  });

  it('reads no further than the record where a header says it is longer', () => {
    const header = ethernet(0x0800, ipv4(6, tcp(33000, 80, 2)));
    const lying = tagged(1, words(1, header.length + 4, 4, 0xfffffff0), header, zeros(2));
    expect(onlySample(flowSample([lying]))).toMatchObject({ sourcePort: 33000, tcpFlags: 2 });
    expect(onlySample(flowSample([tagged(1, zeros(12))]))).toMatchObject({ reason: 'RecordTooShort' });
  });

  it('reads a last record whose sample is counted 4 bytes short, and goes on behind it', () => {
    const whole = flowSample([packet, tagged(1001, words(1, 2, 3, 4))]);
    const short = concat(words(1, whole.length - 8 - 4), whole.subarray(8, -4));
    const decoded = decode(datagram([short, flowSample([packet])]));
    const brocade = {
      reason: 'RecordPastEnd',
      destinationPort: 80,
      extended: { switch: { inVlan: 1, inPriority: 2, outVlan: 3 } },
    };
    expect(decoded).toMatchObject({ samples: [brocade, { destinationPort: 80 }] });
    expect(decoded).not.toHaveProperty('error');
  });

  it('names what it does not decode', () => {
    const vendor = (4413 << 12) | 1;
    const decoded = decode(
      datagram([tagged((4300 << 12) | 1002, zeros(8)), flowSample([packet, tagged(vendor, zeros(4)), packet])]),
    );
    expect(decoded).toMatchObject({ skippedSamples: ['4300:1002'], samples: [{ skippedRecords: ['4413:1', '0:1'] }] });
    expect(decoded).not.toHaveProperty('error');
  });
});

describe('a sample', () => {
  const expanded = (...ports: number[]): Uint8Array => tagged(3, words(1, 2, 70_000, 64, 128, 3, ...ports, 1), packet);

  it('says the same compact and expanded, but for larger numbers', () => {
    const compact = onlySample(flowSample([packet]));
    expect(compact).toMatchObject({
      kind: 'flow',
      sequence: 1,
      source: '2:1000',
      rate: 64,
      pool: 128,
      drops: 3,
      input: 9,
      output: 10,
    });
    expect(onlySample(expanded(0, 9, 0, 10))).toEqual({ ...compact, source: '2:70000' });
  });

  it.each<[number, number | string]>([
    [0, 0],
    [0x3fffffff, 0x3fffffff],
    [0x40000102, 'discarded 258'],
    [0x80000003, 'multiple 3'],
    [0x80000000, 'multiple 0'],
    [0xc0000001, 'format 3 1'],
  ])('has an output of interface word %i that is %s', (word, output) => {
    expect(onlySample(flowSample([packet], 9, word)).output).toBe(output);
    expect(onlySample(expanded(0, 9, word >>> 30, word & 0x3fffffff)).output).toBe(output);
  });

  it('has interface numbers of 32 bits where it is expanded', () => {
    expect(onlySample(expanded(0, 0xfffffffe, 7, 8))).toMatchObject({ input: 0xfffffffe, output: 'format 7 8' });
  });

  it.each([
    [258, 'acl'],
    [1, 'host_unreachable'],
    [9999, undefined],
  ])('of a discarded packet has reason %i', (reason, name) => {
    const discarded = tagged(5, words(1, 0, 3, 17, 4, 0, reason, 1), packet);
    const { destinationPort, ...sample } = onlySample(discarded);
    expect(sample).toMatchObject({
      kind: 'discard',
      sequence: 1,
      source: '0:3',
      drops: 17,
      input: 4,
      output: 0,
      discardReason: reason,
    });
    expect([sample.discardReasonName, sample.rate, sample.pool, destinationPort]).toEqual([name, undefined, undefined, 80]);
  });

  it('without a raw header is described by single fields, and with one is not', () => {
    const mac = hex('020000000001 0000');
    const ethernetRecord = tagged(2, words(1518), mac, hex('020000000002 0000'), words(0x86dd));
    const bareEthernet = tagged(2, words(1518), mac.subarray(0, 6), hex('020000000002'), words(0x86dd));
    const ipv4Record = tagged(3, words(40, 6), [10, 0, 0, 3], [10, 0, 0, 4], words(1, 2, 0x18, 4));
    const ipv6Record = tagged(4, words(60, 17), hex('20010db8'), zeros(12), hex('fe80'), zeros(14), words(5, 6, 0, 7));
    const link = { frameLength: 1518, macSource: '02:00:00:00:00:01', macDestination: '02:00:00:00:00:02', ethernetType: 0x86dd };
    const v4 = { ipVersion: 4, ipSource: '10.0.0.3', ipDestination: '10.0.0.4', ipLength: 40, ipProtocol: 6, ipTos: 4 };
    const v6 = { ipVersion: 6, ipSource: '2001:db8::', ipDestination: 'fe80::', ipLength: 60, ipProtocol: 17, ipTos: 7 };
    expect(onlySample(flowSample([ethernetRecord, ipv4Record]))).toMatchObject({
      ...link,
      ...v4,
      sourcePort: 1,
      destinationPort: 2,
      tcpFlags: 24,
    });
    expect(onlySample(flowSample([bareEthernet, ipv6Record]))).toMatchObject({
      ...link,
      ...v6,
      sourcePort: 5,
      destinationPort: 6,
    });
    const both = onlySample(flowSample([ethernetRecord, ipv4Record, packet]));
    expect(both).toMatchObject({ ipSource: '10.0.0.1', frameLength: 58, skippedRecords: ['0:2', '0:3'] });
    expect(onlySample(flowSample([tagged(3, zeros(28))]))).toMatchObject({ reason: 'RecordTooShort' });
  });
});

describe('extended data', () => {
  const address = concat(words(1), [192, 0, 2, 9]);
  it.each<[string, number, Bytes[], object]>([
    ['switch', 1001, [words(10, 1, 20, 2)], { inVlan: 10, inPriority: 1, outVlan: 20, outPriority: 2 }],
    ['router', 1002, [address, words(24, 16)], { nextHop: '192.0.2.9', srcSubnetMask: 24, dstSubnetMask: 16 }],
    ['router', 1002, [agents.ipv6, words(64, 48)], { nextHop: '2001:db8::1', srcSubnetMask: 64, dstSubnetMask: 48 }],
    ['router', 1002, [agents.unknown, words(24, 16)], { srcSubnetMask: 24, dstSubnetMask: 16 }],
    ['router', 1002, [words(9, 24, 16)], {}],
    [
      'gateway',
      1003,
      [address, words(65001, 65002, 65003), words(1, 2, 2, 65004, 65005), words(1, 77), words(100)],
      {
        nextHop: '192.0.2.9',
        as: 65001,
        srcAs: 65002,
        srcPeerAs: 65003,
        asPath: [{ type: 'sequence', as: [65004, 65005] }],
        communities: [77],
        localPref: 100,
      },
    ],
    [
      'user',
      1004,
      [words(106), text('alice'), words(106), text('')],
      { srcCharset: 106, srcUser: 'alice', dstCharset: 106, dstUser: '' },
    ],
    ['mpls', 1006, [address, words(1, 0x11100), words(0)], { nextHop: '192.0.2.9', inStack: [0x11100], outStack: [] }],
    ['vniEgress', 1029, [words(4242)], { vni: 4242 }],
    ['linuxDropReason', 1042, [text('NO_SOCKET')], { reason: 'NO_SOCKET' }],
    ['timestamp', 1043, [hex('18e9 0000 0000 0001')], { timestampNs: '1794965926483853313' }],
    [
      'tcpInfo',
      2209,
      [words(2, 1448, 536, 1, 2, 3, 1500, 311, 147, 11, 3, 222)],
      {
        direction: 'sent',
        sendMss: 1448,
        receiveMss: 536,
        unackedPkts: 1,
        lostPkts: 2,
        retransPkts: 3,
        pathMtu: 1500,
        rttUs: 311,
        rttUsVar: 147,
        sendCongestionWin: 11,
        reordering: 3,
        rttUsMin: 222,
      },
    ],
  ])('%s (%i) is decoded', (name, tag, body, expected) => {
    expect(extendedOf(tag, ...body)).toEqual({ [name]: expected });
  });

  it('that is shorter than today holds what it has, and that is longer what is known of it', () => {
    expect(extendedOf(1001, words(10, 1))).toEqual({ switch: { inVlan: 10, inPriority: 1 } });
    expect(extendedOf(1029, words(4242, 1, 2, 3))).toEqual({ vniEgress: { vni: 4242 } });
  });

  it.each<[string, number, Bytes[], object]>([
    [
      'a path of 2^32 - 1 segments',
      1003,
      [address, words(1, 2, 3, 0xffffffff, 2, 1, 65004)],
      { asPath: [{ type: 'sequence', as: [65004] }] },
    ],
    ['a segment of 2^32 - 1 systems', 1003, [address, words(1, 2, 3, 1, 2, 0xffffffff, 65004)], { asPath: [{ as: [65004] }] }],
    ['a label stack of 2^32 - 1', 1006, [address, words(0xffffffff, 7)], { inStack: [7] }],
    ['a text of 2^32 - 1 bytes', 1042, [words(0xffffffff), Buffer.from('NOPE')], { reason: 'NOPE' }],
  ])('believes no count: %s', (_, tag, body, expected) => {
    expect(Object.values(extendedOf(tag, ...body) ?? {})[0]).toMatchObject(expected);
  });
});

describe('counters', () => {
  const allOnes = 0xffffffff;
  it('leave out what the sender does not know: all ones', () => {
    const body = words(7, 6, 0, 1000, 1, 3, 1, 5, 10, allOnes, allOnes, 0, 0, allOnes, allOnes, allOnes, 12, 0, 0, 0, 0, 2);
    expect(countersOf(1, body)).toEqual({
      interface: {
        ifIndex: 7,
        networkType: 6,
        ifSpeed: 1000,
        ifDirection: 1,
        ifStatus: 3,
        ifInOctets: 2 ** 32 + 5,
        ifInUcastPkts: 10,
        ifInDiscards: 0,
        ifInErrors: 0,
        ifOutUcastPkts: 12,
        ifOutMulticastPkts: 0,
        ifOutBroadcastPkts: 0,
        ifOutDiscards: 0,
        ifOutErrors: 0,
        ifPromiscuousMode: 2,
      },
    });
  });

  it.each<[string, number, Bytes[], object]>([
    [
      'vlan',
      5,
      [words(100, 0, 9, 1, 2, 3, 4)],
      { inVlan: 100, octets: 9, ucastPkts: 1, multicastPkts: 2, broadcastPkts: 3, discards: 4 },
    ],
    [
      'processor',
      1001,
      [words(150, 250, allOnes, 0, 10, 0, 5)],
      { cpu5s: 1.5, cpu1m: 2.5, totalMemoryBytes: 10, freeMemoryBytes: 5 },
    ],
    ['portName', 1005, [text('swp1')], { ifName: 'swp1' }],
    [
      'host',
      2000,
      [text('node-1'), hex('00112233445566778899aabbccddeeff'), words(3, 2), text('6.1')],
      { hostname: 'node-1', uuid: '00112233-4455-6677-8899-aabbccddeeff', machineType: 3, osName: 2, osRelease: '6.1' },
    ],
    ['virtualCpu', 2101, [words(1, 2, 3)], { vcpuState: 1, vcpuCpuMs: 2, vcpuCpuCount: 3 }],
    [
      'adapters',
      2001,
      [words(0xffffffff, 3, 0xffffffff), hex('020000000001 0000')],
      { adapters: [{ ifIndex: 3, macs: ['02:00:00:00:00:01'] }] },
    ],
    ['cpu', 2003, [hex('7fc00000 3f800000 ff800000')], { cpuLoadFive: 1 }],
  ])('%s (%i) are decoded', (name, tag, body, expected) => {
    expect(countersOf(tag, ...body)).toEqual({ [name]: expected });
  });

  it('of an expanded sample are the same', () => {
    expect(onlySample(tagged(4, words(1, 2, 70_000, 1), tagged(1005, opaque(Buffer.from('a')))))).toEqual({
      kind: 'counters',
      sequence: 1,
      source: '2:70000',
      counters: { portName: { ifName: 'a' } },
    });
  });

  it('of a record that reaches past its sample are those that are there', () => {
    const sample = tagged(2, words(1, 7, 1), words(1004, 12), zeros(8));
    expect(onlySample(sample)).toMatchObject({
      reason: 'RecordPastEnd',
      counters: { openflowPort: { openflowDatapathId: '0000000000000000' } },
    });
  });
});
