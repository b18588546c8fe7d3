/** Makes recordings byte by byte. */
import { concat } from '../build.ts';

const number = (value: number, length: 2 | 4, littleEndian: boolean): Uint8Array => {
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  if (length === 2) view.setUint16(0, value, littleEndian);
  else view.setUint32(0, value, littleEndian);
  return bytes;
};

export type PcapOptions = { littleEndian?: boolean; nanoseconds?: boolean; linkType?: number };

export function pcap(packets: readonly Uint8Array[], options: PcapOptions = {}): Uint8Array {
  const { littleEndian = true, nanoseconds = false, linkType = 1 } = options;
  const word = (value: number): Uint8Array => number(value, 4, littleEndian);
  const [major, minor] = [2, 4].map((value) => number(value, 2, littleEndian));
  const magic = word(nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4);
  const header = concat(magic, major ?? [], minor ?? [], word(0), word(0), word(65_535), word(linkType));
  const fraction = nanoseconds ? 250_000_000 : 250_000;
  const records = packets.map((packet) => concat(word(1000), word(fraction), word(packet.length), word(packet.length), packet));
  return concat(header, ...records);
}

export function pcapng(packets: readonly Uint8Array[], { littleEndian = true, linkType = 1 } = {}): Uint8Array {
  const word = (value: number): Uint8Array => number(value, 4, littleEndian);
  const short = (value: number): Uint8Array => number(value, 2, littleEndian);
  const block = (type: number, body: Uint8Array): Uint8Array => {
    const padded = concat(body, new Uint8Array((4 - (body.length % 4)) % 4));
    return concat(word(type), word(padded.length + 12), padded, word(padded.length + 12));
  };
  const section = block(0x0a0d0d0a, concat(word(0x1a2b3c4d), short(1), short(0), word(0xffffffff), word(0xffffffff)));
  const nanoseconds = concat(short(9), short(1), [9, 0, 0, 0], short(0), short(0));
  const device = block(1, concat(short(linkType), short(0), word(0), nanoseconds));
  const statistics = block(5, new Uint8Array(12));
  // 1000.25 s in nanoseconds.
  const [high, low] = [Math.floor(1000.25e9 / 2 ** 32), 1000.25e9 % 2 ** 32];
  const enhanced = packets.map((packet) =>
    block(6, concat(word(0), word(high), word(low), word(packet.length), word(packet.length), packet)),
  );
  const simple = packets.map((packet) => block(3, concat(word(packet.length), packet)));
  return concat(section, device, ...enhanced, statistics, ...simple);
}

export const lengthPrefixed = (...payloads: readonly Uint8Array[]): Uint8Array =>
  concat(...payloads.flatMap((payload) => [number(payload.length, 4, false), payload]));

/** As a file is read: in chunks that end anywhere. */
export async function* chunks(bytes: Uint8Array, length = 1024): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < bytes.length; offset += length)
    yield await Promise.resolve(bytes.subarray(offset, offset + length));
}
