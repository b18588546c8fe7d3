/** Datagrams of every kind that is decoded: what fuzzing begins with, besides the recordings. */
import {
  agents,
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
  text,
  udp,
  words,
  zeros,
} from '../build.ts';

const address = concat(words(1), [192, 0, 2, 9]);
const insideVxlan = concat(words(0x08000000, 4242 << 8), ethernet(0x0800, ipv4(6, tcp(1, 2, 3))));
const chain = concat([60, 0], zeros(6), [44, 0], zeros(6), [6, 0, 0, 1], zeros(4), tcp(1, 2, 3));

const headers = [
  ethernet(0x88a8, half(10), half(0x8100), half(20), half(0x0800), ipv4(6, tcp(33000, 80, 2), { options: hex('94040000') })),
  ethernet(0x8847, words(17 << 12, (18 << 12) | 0x100), ipv6(0, chain)),
  ethernet(0x0800, ipv4(17, udp(5, 4789, insideVxlan))),
  ethernet(0x0800, ipv4(47, concat(words(0xb0006558, 0, 77, 1), ethernet(0x86dd, ipv6(58, [128, 0]))))),
  ethernet(0x86dd, ipv6(4, ipv4(1, [8, 0]))),
  ethernet(40, hex('aaaa03000000'), half(0x0800), ipv4(17, udp(1, 2), { fragment: 0x2000 })),
];
const extended = [
  tagged(1001, words(1, 2, 3, 4)),
  tagged(1002, address, words(24, 16)),
  tagged(1003, address, words(1, 2, 3, 1, 2, 2, 4, 5, 1, 7, 100)),
  tagged(1004, words(106), text('alice'), words(106), text('bob')),
  tagged(1006, address, words(1, 7, 1, 8)),
  tagged(1012, words(1, 0x8100000a)),
  tagged(1023, words(100, 17), zeros(8), words(1, 4789, 0, 0)),
  tagged(1037, words(1), text('drop-all'), words(1)),
  tagged(1043, words(0x18e90000, 1)),
  tagged(2101, words(6), zeros(32), words(1, 2)),
  tagged(2209, words(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)),
];
const fields = [
  tagged(2, words(100), zeros(16), words(0x0800)),
  tagged(3, words(40, 6), zeros(8), words(1, 2, 3, 4)),
  tagged(4, words(60, 17), zeros(32), words(1, 2, 3, 4)),
];
const counters = [
  tagged(5, words(1, 0, 2, 3, 4, 5, 6)),
  tagged(1001, words(100, 200, 300, 0, 1, 0, 1)),
  tagged(2001, words(1, 3, 1), zeros(8)),
  tagged(2103, zeros(52)),
];
const expandedFlow = tagged(3, words(1, 0, 3, 64, 64, 0, 0, 1, 1, 258, extended.length), ...extended);
const discarded = tagged(5, words(1, 0, 3, 0, 1, 0, 258, 1), rawHeader(headers[0] ?? []));

export const builtDatagrams: readonly Uint8Array[] = [
  datagram(headers.map((header) => flowSample([rawHeader(header)]))),
  datagram([expandedFlow, discarded, flowSample(fields)]),
  datagram([tagged(4, words(1, 2, 1, counters.length), ...counters), tagged((4300 << 12) | 1003, zeros(12))], agents.ipv6),
  datagram([flowSample([rawHeader(ipv4(6, tcp(1, 2, 3)), 11), tagged((4413 << 12) | 1, zeros(4))])], agents.unknown),
];
