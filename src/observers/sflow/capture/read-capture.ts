import { SquallError } from '../../../lib/index.ts';
import { createLayer } from '../decode/packet/layer.ts';
import { createByteReader } from './byte-reader.ts';
import type { Captured, CapturedPacket } from './captured.ts';
import { longestDatagram, readLengthPrefixed } from './length-prefixed.ts';
import { isPcap, readPcap, viewOf } from './pcap.ts';
import { pcapngMagic, readPcapng } from './pcapng.ts';
import { udpPayload } from './udp-payload.ts';

/**
 * The UDP datagrams of a recording: pcap (both byte orders, micro- and nanoseconds), pcapng, or repeated length (32 bits, big-endian) and payload.
 * A recording that ends in the middle, or is damaged, gives a problem as its last item.
 *
 * @param name of the file, for messages
 * @param port the only destination port that counts; without it all do
 * @throws SquallError InvalidInput where it is none of these formats
 */
export async function* readCapture(
  chunks: AsyncIterable<Uint8Array>,
  { name, port }: { name: string; port?: number },
): AsyncGenerator<Captured> {
  const reader = createByteReader(chunks);
  const start = await reader.read(4);
  const magic = start.length < 4 ? undefined : viewOf(start).getUint32(0);
  if (magic !== undefined && isPcap(magic)) yield* datagramsOf(readPcap(reader, magic), port);
  else if (magic === pcapngMagic) yield* datagramsOf(readPcapng(reader), port);
  else if (start.length === 0 || (magic !== undefined && magic <= longestDatagram)) yield* readLengthPrefixed(reader, start);
  else throw new SquallError('InvalidInput', `${name} is no recording of datagrams: ${expected}`);
}

const expected = 'expected pcap, pcapng, or repeated a length (32 bits, big-endian) and one sFlow datagram';

async function* datagramsOf(
  packets: AsyncIterable<CapturedPacket | Captured>,
  port: number | undefined,
): AsyncGenerator<Captured> {
  const layer = createLayer();
  for await (const packet of packets) yield 'kind' in packet ? packet : udpPayload(packet, port, layer);
}
