import type { ByteReader } from './byte-reader.ts';
import { type Captured, type CapturedPacket, damaged } from './captured.ts';

/** Byte order and the part of a second that time stamps count, by the file's first 4 bytes (draft-ietf-opsawg-pcap). */
const variants: Record<number, { littleEndian: boolean; perMillisecond: number }> = {
  0xa1b2c3d4: { littleEndian: false, perMillisecond: 1e3 },
  0xd4c3b2a1: { littleEndian: true, perMillisecond: 1e3 },
  0xa1b23c4d: { littleEndian: false, perMillisecond: 1e6 },
  0x4d3cb2a1: { littleEndian: true, perMillisecond: 1e6 },
};
const [fileHeaderLength, packetHeaderLength] = [24, 16];
/** What libpcap takes at most, for link types of such packets; a longer one is damage. */
export const longestPacket = 262_144;

export const isPcap = (magic: number): boolean => Object.hasOwn(variants, magic);

/** Packets of a pcap file whose first 4 bytes, `magic`, were read already. */
export async function* readPcap(reader: ByteReader, magic: number): AsyncGenerator<CapturedPacket | Captured> {
  const variant = variants[magic];
  const header = await reader.read(fileHeaderLength - 4);
  if (variant === undefined || header.length < fileHeaderLength - 4) {
    yield damaged('the file ends inside its pcap header');
    return;
  }
  const { littleEndian, perMillisecond } = variant;
  // The upper bits say how long a frame check sequence is, which nobody writes.
  const linkType = viewOf(header).getUint32(16, littleEndian) & 0xffff;
  for (;;) {
    const at = reader.position();
    const packetHeader = await reader.read(packetHeaderLength);
    if (packetHeader.length === 0) return;
    if (packetHeader.length < packetHeaderLength) {
      yield damaged(`the file ends inside a packet's header, at byte ${at}`);
      return;
    }
    const view = viewOf(packetHeader);
    const length = view.getUint32(8, littleEndian);
    if (length > longestPacket) {
      yield damaged(`a packet of ${length} bytes at byte ${at}: expected at most ${longestPacket}; nothing behind it is read`);
      return;
    }
    const bytes = await reader.read(length);
    const atMs = view.getUint32(0, littleEndian) * 1000 + view.getUint32(4, littleEndian) / perMillisecond;
    yield { linkType, bytes, atMs };
    if (bytes.length < length) {
      yield damaged(`the file ends inside a packet, at byte ${at}`);
      return;
    }
  }
}

export const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
