import { describe, expect, it } from 'vitest';
import type { Captured } from '../../../../src/observers/index.ts';
import { concat, ethernet, half, hex, ipv4, ipv6, udp, words, zeros } from '../build.ts';
import { capturedOf } from '../recordings.ts';
import { chunks, lengthPrefixed, pcap, pcapng } from './files.ts';

const payload = hex('00000005 0badcafe');
const toCollector = udp(50_000, 6343, payload);
const ip = ipv4(17, toCollector);

const payloadOf = (captured: Captured | undefined): string =>
  captured?.kind === 'datagram' ? Buffer.from(captured.payload).toString('hex') : JSON.stringify(captured);
const expected = Buffer.from(payload).toString('hex');

describe('a pcap', () => {
  it.each([
    [true, false],
    [true, true],
    [false, false],
    [false, true],
  ])('is read with little-endian %s and nanoseconds %s', async (littleEndian, nanoseconds) => {
    const captured = await capturedOf(chunks(pcap([ethernet(0x0800, ip)], { littleEndian, nanoseconds })));
    expect(captured.map(payloadOf)).toEqual([expected]);
    expect(captured[0]).toMatchObject({ atMs: 1_000_250, missing: 0 });
  });

  it.each<[string, number, Uint8Array]>([
    ['Ethernet', 1, ethernet(0x0800, ip)],
    ['Ethernet with padding', 1, concat(ethernet(0x0800, ip), zeros(20))],
    ['Ethernet with a VLAN tag', 1, ethernet(0x8100, half(7), half(0x0800), ip)],
    ['Ethernet and IPv6', 1, ethernet(0x86dd, ipv6(17, toCollector))],
    ['Linux cooked', 113, concat(half(0), half(1), half(6), zeros(8), half(0x0800), ip)],
    ['Linux cooked with a VLAN tag', 113, concat(zeros(14), half(0x8100), half(7), half(0x86dd), ipv6(17, toCollector))],
    ['Linux cooked 2', 276, concat(half(0x0800), zeros(18), ip)],
    ['raw IPv4', 101, ip],
    ['raw IPv6', 101, ipv6(17, toCollector)],
    ['raw IP of BSD', 12, ip],
    ['loopback', 0, concat([2, 0, 0, 0], ip)],
    ['loopback, big-endian', 0, concat([0, 0, 0, 30], ipv6(17, toCollector))],
    ['loopback of OpenBSD', 108, concat([0, 0, 0, 2], ip)],
    ['IPv4', 228, ip],
    ['IPv6', 229, ipv6(17, toCollector)],
  ])('may be of link type %s (%i)', async (_, linkType, packet) => {
    expect((await capturedOf(chunks(pcap([packet], { linkType })))).map(payloadOf)).toEqual([expected]);
  });

  it.each([1, 3, 7, 24, 4096])('is read in chunks of %i bytes', async (length) => {
    const file = pcap([ethernet(0x0800, ip), ethernet(0x0800, ip)]);
    expect((await capturedOf(chunks(file, length))).map(payloadOf)).toEqual([expected, expected]);
  });

  it('of another link type says which are read', async () => {
    const [captured] = await capturedOf(chunks(pcap([zeros(60)], { linkType: 105 })));
    expect(captured).toMatchObject({
      kind: 'problem',
      reason: 'UnsupportedLinkType',
      error: expect.stringMatching(/link type 105: .*1 \(Ethernet\)/) as string,
    });
  });

  it.each<[string, Uint8Array]>([
    ['ARP', ethernet(0x0806, zeros(28))],
    ['TCP', ethernet(0x0800, ipv4(6, zeros(20)))],
    ['a later fragment', ethernet(0x0800, ipv4(17, zeros(20), { fragment: 100 }))],
    ['no packet', zeros(4)],
  ])('may hold what is no datagram: %s', async (_, packet) => {
    expect(await capturedOf(chunks(pcap([packet])))).toEqual([{ kind: 'other' }]);
  });

  it('is read for one port, where that is asked for', async () => {
    const file = pcap([ethernet(0x0800, ip), ethernet(0x0800, ipv4(17, udp(6343, 53, payload)))]);
    expect((await capturedOf(chunks(file), 6343)).map(({ kind }) => kind)).toEqual(['datagram', 'other']);
    expect((await capturedOf(chunks(file))).map(({ kind }) => kind)).toEqual(['datagram', 'datagram']);
  });

  it('says of a datagram in fragments that it is not put together', async () => {
    const first = ipv4(17, toCollector.subarray(0, 12), { fragment: 0x2000 });
    const [captured] = await capturedOf(chunks(pcap([ethernet(0x0800, first)])));
    expect(captured).toMatchObject({
      kind: 'problem',
      reason: 'Fragmented',
      error: expect.stringMatching(/8 bytes in several IP fragments/) as string,
    });
  });

  it('says how much of a datagram was not captured', async () => {
    const cut = ethernet(0x0800, ip).subarray(0, -3);
    expect(await capturedOf(chunks(pcap([cut])))).toMatchObject([
      { kind: 'datagram', missing: 3, payload: payload.subarray(0, 5) },
    ]);
    const withoutUdp = ethernet(0x0800, ip).subarray(0, 14 + 20 + 5);
    expect(await capturedOf(chunks(pcap([withoutUdp])))).toMatchObject([{ kind: 'problem', reason: 'CutShort' }]);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['inside its header', pcap([]).subarray(0, 20), /ends inside its pcap header/],
    ["inside a packet's header", concat(pcap([]), zeros(15)), /ends inside a packet's header, at byte 24/],
    ['with a packet of 2^32 - 1 bytes', concat(pcap([]), words(0, 0, 0xffffffff, 0)), /a packet of 4294967295 bytes at byte 24/],
  ])('that ends %s says so', async (_, file, error) => {
    expect(await capturedOf(chunks(file))).toEqual([
      { kind: 'problem', reason: 'DamagedCapture', error: expect.stringMatching(error) as string },
    ]);
  });

  it('that ends inside a packet says so behind what there is of it', async () => {
    const captured = await capturedOf(chunks(pcap([ethernet(0x0800, ip)]).subarray(0, -1)));
    expect(captured).toMatchObject([
      { kind: 'datagram', missing: 1 },
      { reason: 'DamagedCapture', error: expect.stringMatching(/ends inside a packet/) as string },
    ]);
  });
});

describe('a pcapng', () => {
  it.each([true, false])('is read with little-endian %s', async (littleEndian) => {
    const captured = await capturedOf(chunks(pcapng([ethernet(0x0800, ip)], { littleEndian })));
    expect(captured.map(payloadOf)).toEqual([expected, expected]);
    expect(captured[0]).toMatchObject({ atMs: 1_000_250 });
  });

  it('that ends inside a block says so', async () => {
    const captured = await capturedOf(chunks(pcapng([ethernet(0x0800, ip)]).subarray(0, -2)));
    expect(captured.at(-1)).toMatchObject({
      reason: 'DamagedCapture',
      error: expect.stringMatching(/ends inside a block/) as string,
    });
  });

  it('of another link type says so', async () => {
    const [captured] = await capturedOf(chunks(pcapng([zeros(60)], { linkType: 105 })));
    expect(captured).toMatchObject({ reason: 'UnsupportedLinkType' });
  });
});

describe('a file of lengths and datagrams', () => {
  it('is read, also where it has none', async () => {
    expect((await capturedOf(chunks(lengthPrefixed(payload, zeros(0), payload)))).map(payloadOf)).toEqual([
      expected,
      '',
      expected,
    ]);
    expect(await capturedOf(chunks(zeros(0)))).toEqual([]);
  });

  it('that ends inside a datagram has what there is of it', async () => {
    const captured = await capturedOf(chunks(lengthPrefixed(payload).subarray(0, -3)));
    expect(captured).toMatchObject([{ kind: 'datagram', missing: 3 }]);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['a length that is cut', concat(lengthPrefixed(payload), [0, 0]), /ends inside a length, at byte 12/],
    ['a length that no datagram has', concat(lengthPrefixed(payload), words(0x10000)), /of 65536 bytes at byte 12/],
  ])('says of %s where it is', async (_, file, error) => {
    const captured = await capturedOf(chunks(file));
    expect(captured.at(-1)).toEqual({ kind: 'problem', reason: 'DamagedCapture', error: expect.stringMatching(error) as string });
    expect(captured).toHaveLength(2);
  });
});

describe('another file', () => {
  it.each<[string, Uint8Array]>([
    ['text', Buffer.from('# hosts of this machine\n')],
    ['three bytes', zeros(3)],
  ])('is refused: %s', async (_, bytes) => {
    await expect(capturedOf(chunks(bytes))).rejects.toMatchObject({
      code: 'InvalidInput',
      message: expect.stringMatching(/expected pcap, pcapng, or/) as string,
    });
  });
});
