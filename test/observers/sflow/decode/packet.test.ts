import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDatagramDecoder, type SampledPacket } from '../../../../src/observers/index.ts';
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
  tcp,
  udp,
  words,
  zeros,
} from '../build.ts';

const decode = createDatagramDecoder();

/** What is decoded of a packet, without what the sample says of itself. */
function packetOf(header: Bytes, protocol = 1): object {
  const { samples } = decode(datagram([flowSample([rawHeader(header, protocol)])])) as { samples: SampledPacket[] };
  const [sample] = samples;
  if (sample === undefined) throw new Error('expected a sample');
  const { kind, sequence, source, rate, pool, drops, input, output, frameLength, stripped, headerProtocol, ...packet } = sample;
  return packet;
}

const mac = { macSource: '02:00:00:00:00:02', macDestination: '02:00:00:00:00:01' };
const ip4 = { ipVersion: 4, ipSource: '10.0.0.1', ipDestination: '10.0.0.2', ipTos: 16, ttl: 63 };
const ip6 = { ipVersion: 6, ipSource: '2001:db8::1', ipDestination: '2001:db8::2', ipTos: 18, ttl: 62 };
const web = { ipProtocol: 6, sourcePort: 33000, destinationPort: 80, tcpFlags: 0x12 };
const dns = { ipProtocol: 17, sourcePort: 33000, destinationPort: 53 };
const tcpToWeb = tcp(33000, 80, 0x12);
const udpToDns = udp(33000, 53, zeros(10));
const ping = Uint8Array.from([8, 0, 0, 0, 0, 0, 0, 1]);
const moreFragments = 0x2000;

/** An IPv6 extension header of 8 bytes: what follows, length in further 8 bytes, padding. */
const extension = (next: number): Uint8Array => concat([next, 0], zeros(6));
const fragmentHeader = (next: number, offset: number): Uint8Array => concat([next, 0], half(offset << 3), words(1));
const authentication = (next: number): Uint8Array => concat([next, 4], zeros(22));

describe('a sampled header', () => {
  it.each<[string, Uint8Array, object]>([
    ['TCP over IPv4', ethernet(0x0800, ipv4(6, tcpToWeb)), { ...mac, ethernetType: 0x0800, ...ip4, ipLength: 40, ...web }],
    ['UDP over IPv6', ethernet(0x86dd, ipv6(17, udpToDns)), { ...mac, ethernetType: 0x86dd, ...ip6, ipLength: 58, ...dns }],
    [
      'ICMP over IPv4',
      ethernet(0x0800, ipv4(1, ping)),
      { ...mac, ethernetType: 0x0800, ...ip4, ipLength: 28, ipProtocol: 1, icmpType: 8, icmpCode: 0 },
    ],
    [
      'ICMPv6',
      ethernet(0x86dd, ipv6(58, [135, 0, 0, 0])),
      { ...mac, ethernetType: 0x86dd, ...ip6, ipLength: 44, ipProtocol: 58, icmpType: 135, icmpCode: 0 },
    ],
    ['ARP', ethernet(0x0806, zeros(28)), { ...mac, ethernetType: 0x0806 }],
    [
      'another IP protocol',
      ethernet(0x0800, ipv4(132, zeros(12))),
      { ...mac, ethernetType: 0x0800, ...ip4, ipLength: 32, ipProtocol: 132 },
    ],
    [
      'one VLAN tag',
      ethernet(0x8100, half(0x6064), half(0x0800), ipv4(6, tcpToWeb)),
      { ...mac, ethernetType: 0x0800, vlans: [100], ...ip4, ipLength: 40, ...web },
    ],
    [
      'QinQ, outermost first',
      ethernet(0x88a8, half(10), half(0x8100), half(20), half(0x0800), ipv4(6, tcpToWeb)),
      { ...mac, ethernetType: 0x0800, vlans: [10, 20], ...ip4, ipLength: 40, ...web },
    ],
    [
      'three tags of the old type of QinQ',
      ethernet(0x9100, half(1), half(0x9100), half(2), half(0x8100), half(4095), half(0x0806)),
      { ...mac, ethernetType: 0x0806, vlans: [1, 2, 4095] },
    ],
    [
      'MPLS with two labels over IPv4',
      ethernet(0x8847, words((16 << 12) | 64, (1_000_000 << 12) | 0x100 | 64), ipv4(6, tcpToWeb)),
      { ...mac, ethernetType: 0x8847, mplsLabels: [16, 1_000_000], ...ip4, ipLength: 40, ...web },
    ],
    [
      'MPLS over IPv6',
      ethernet(0x8847, words((17 << 12) | 0x100), ipv6(17, udpToDns)),
      { ...mac, ethernetType: 0x8847, mplsLabels: [17], ...ip6, ipLength: 58, ...dns },
    ],
    [
      'a pseudowire behind MPLS, which is not read',
      ethernet(0x8847, words((17 << 12) | 0x100, 0), zeros(14)),
      { ...mac, ethernetType: 0x8847, mplsLabels: [17] },
    ],
    [
      'IPv4 with options',
      ethernet(0x0800, ipv4(6, tcpToWeb, { options: hex('94040000 01010101') })),
      { ...mac, ethernetType: 0x0800, ...ip4, ipLength: 48, ...web },
    ],
    [
      'the first fragment, which has ports',
      ethernet(0x0800, ipv4(17, udpToDns, { fragment: moreFragments })),
      { ...mac, ethernetType: 0x0800, ...ip4, ipLength: 38, fragmentOffset: 0, ...dns },
    ],
    [
      'a later fragment, whose bytes are no ports',
      ethernet(0x0800, ipv4(17, udpToDns, { fragment: 185 })),
      { ...mac, ethernetType: 0x0800, ...ip4, ipLength: 38, fragmentOffset: 185, ipProtocol: 17 },
    ],
    [
      'IPv6 with hop-by-hop, destination, routing and authentication headers',
      ethernet(0x86dd, ipv6(0, concat(extension(60), extension(43), extension(51), authentication(6), tcpToWeb))),
      { ...mac, ethernetType: 0x86dd, ...ip6, ipLength: 40 + 48 + 20, ...web },
    ],
    [
      'the first fragment over IPv6',
      ethernet(0x86dd, ipv6(44, concat(fragmentHeader(17, 0), udpToDns))),
      { ...mac, ethernetType: 0x86dd, ...ip6, ipLength: 66, fragmentOffset: 0, ...dns },
    ],
    [
      'a later fragment over IPv6',
      ethernet(0x86dd, ipv6(44, concat(fragmentHeader(17, 1448 / 8), udpToDns))),
      { ...mac, ethernetType: 0x86dd, ...ip6, ipLength: 66, fragmentOffset: 181, ipProtocol: 17 },
    ],
    [
      'encryption, behind which nothing is read',
      ethernet(0x86dd, ipv6(50, zeros(16))),
      { ...mac, ethernetType: 0x86dd, ...ip6, ipLength: 56, ipProtocol: 50 },
    ],
    [
      'an IEEE 802.3 length with SNAP',
      ethernet(48, hex('aaaa03 000000'), half(0x0800), ipv4(6, tcpToWeb)),
      { ...mac, ethernetType: 0x0800, ...ip4, ipLength: 40, ...web },
    ],
    ['an IEEE 802.3 length with another logical link', ethernet(38, hex('424203'), zeros(35)), mac],
    [
      'padding behind a short packet, which is no port',
      ethernet(0x0800, ipv4(17, []), zeros(26)),
      { ...mac, ethernetType: 0x0800, ...ip4, ipLength: 20, ipProtocol: 17 },
    ],
    [
      'an IPv4 header that says it is shorter than it can be',
      ethernet(0x0800, [0x44], zeros(40)),
      { ...mac, ethernetType: 0x0800 },
    ],
    ['another version where IPv4 was announced', ethernet(0x0800, [0x95], zeros(40)), { ...mac, ethernetType: 0x0800 }],
  ])('is read: %s', (_, header, expected) => {
    expect(packetOf(header)).toEqual(expected);
  });

  const inner = ethernet(0x0800, ipv4(6, tcpToWeb));
  const insideEthernet = { ...mac, ethernetType: 0x0800, ...ip4, ipLength: 40, ...web };
  const insideIp = { ...ip4, ipLength: 40, ...web };
  it.each<[string, Uint8Array, object]>([
    [
      'VXLAN',
      ipv4(17, udp(5555, 4789, concat(words(0x08000000, 4242 << 8), inner))),
      { type: 'vxlan', vni: 4242, ...insideEthernet },
    ],
    [
      "VXLAN at Linux's old port",
      ipv4(17, udp(5555, 8472, concat(words(0x08000000, 1 << 8), inner))),
      { type: 'vxlan', vni: 1, ...insideEthernet },
    ],
    ['GRE', ipv4(47, concat(words(0x0800), ipv4(6, tcpToWeb))), { type: 'gre', ethernetType: 0x0800, ...insideIp }],
    [
      'GRE with checksum, key and sequence number',
      ipv4(47, concat(words(0xb0000800, 0, 77, 1), ipv4(6, tcpToWeb))),
      { type: 'gre', key: 77, ethernetType: 0x0800, ...insideIp },
    ],
    ['Ethernet in GRE', ipv4(47, concat(words(0x6558), inner)), { type: 'gre', ...insideEthernet }],
    ['IPv4 in IPv4', ipv4(4, ipv4(6, tcpToWeb)), { type: 'ipip', ...insideIp }],
    ['IPv6 in IPv4', ipv4(41, ipv6(17, udpToDns)), { type: 'ipip', ...ip6, ipLength: 58, ...dns }],
    [
      'two tunnels, of which the inner is not opened',
      ipv4(4, ipv4(4, ipv4(6, tcpToWeb))),
      { type: 'ipip', ...ip4, ipLength: 60, ipProtocol: 4 },
    ],
  ])('is read through one tunnel: %s', (_, packet, tunnel) => {
    expect(packetOf(ethernet(0x0800, packet))).toMatchObject({ ...ip4, tunnel });
    expect((packetOf(ethernet(0x0800, packet)) as { tunnel: object }).tunnel).toEqual(tunnel);
  });

  it.each<[string, Uint8Array]>([
    ['other use of the port of VXLAN', ipv4(17, udp(5555, 4789, zeros(60)))],
    ['GRE of another version', ipv4(47, concat(words(0x0001880b), zeros(40)))],
    ['GRE with a source route', ipv4(47, concat(words(0x40000800), zeros(40)))],
    ['a later fragment of a tunnel', ipv4(4, ipv4(6, tcpToWeb), { fragment: 10 })],
  ])('shows no tunnel for %s', (_, packet) => {
    expect(packetOf(ethernet(0x0800, packet))).not.toHaveProperty('tunnel');
  });

  it.each<[string, Bytes, number, object]>([
    ['IPv4', ipv4(6, tcpToWeb), 11, { ...ip4, ipLength: 40, ...web }],
    ['IPv6', ipv6(17, udpToDns), 12, { ...ip6, ipLength: 58, ...dns }],
    ['MPLS', concat(words((17 << 12) | 0x100), ipv4(6, tcpToWeb)), 13, { mplsLabels: [17], ...ip4, ipLength: 40, ...web }],
    ['PPP', concat(half(0x0021), ipv4(6, tcpToWeb)), 7, { ...ip4, ipLength: 40, ...web }],
    ['PPP with address and control', concat(half(0xff03), half(0x0057), ipv6(17, udpToDns)), 7, { ...ip6, ipLength: 58, ...dns }],
    ['a protocol that is not read', ipv4(6, tcpToWeb), 15, {}],
  ])('may begin with %s', (_, header, protocol, expected) => {
    expect(packetOf(header, protocol)).toEqual(expected);
  });

  it.each<[string, number, object]>([
    ['inside the addresses', 10, {}],
    ['behind the addresses', 12, mac],
    ['inside IPv4', 33, { ...mac, ethernetType: 0x0800 }],
    ['before the ports', 36, { ...mac, ethernetType: 0x0800, ...ip4, ipLength: 40, ipProtocol: 6 }],
    [
      'before the flags',
      40,
      { ...mac, ethernetType: 0x0800, ...ip4, ipLength: 40, ipProtocol: 6, sourcePort: 33000, destinationPort: 80 },
    ],
  ])('that was cut %s says so, and guesses nothing', (_, length, expected) => {
    expect(packetOf(ethernet(0x0800, ipv4(6, tcpToWeb)).subarray(0, length))).toEqual({ ...expected, truncated: true });
  });

  it('says where a tunnel was cut that it was inside', () => {
    const packet = ethernet(0x0800, ipv4(4, ipv4(6, tcpToWeb))).subarray(0, 14 + 20 + 24);
    expect(packetOf(packet)).toMatchObject({
      tunnel: { ipProtocol: 6, sourcePort: 33000, destinationPort: 80, truncated: true },
    });
    expect(packetOf(packet)).not.toHaveProperty('truncated');
  });

  it('never says of less what it does not say of more, but that it was cut', () => {
    const packets = [
      ethernet(0x88a8, half(10), half(0x8100), half(20), half(0x86dd), ipv6(0, concat(extension(6), tcpToWeb))),
      ethernet(0x0800, ipv4(17, udp(5555, 4789, concat(words(0x08000000, 4242 << 8), ethernet(0x0800, ipv4(6, tcpToWeb)))))),
      ethernet(0x8847, words((17 << 12) | 0x100), ipv4(47, concat(words(0x20000800, 77), ipv4(1, ping)))),
    ];
    fc.assert(
      fc.property(fc.constantFrom(...packets), fc.nat(120), (packet, length) => {
        const { truncated, vlans, mplsLabels, tunnel, ...less } = packetOf(packet.subarray(0, length)) as Record<string, unknown>;
        expect(packetOf(packet)).toMatchObject(less);
        expect(
          truncated === true || (tunnel as { truncated?: true } | undefined)?.truncated === true || length >= packet.length - 12,
        ).toBe(true);
      }),
      { seed: 1, numRuns: 400 },
    );
  });
});
