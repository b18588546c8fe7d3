import type { ByteReader } from './byte-reader.ts';
import { type Captured, damaged } from './captured.ts';

/** The longest UDP payload over IPv4 and IPv6 without jumbograms. */
export const longestDatagram = 65_527;

/** Repeated: a length (32 bits, big-endian), and one UDP payload. `start` are the first 4 bytes, which were read already. */
export async function* readLengthPrefixed(reader: ByteReader, start: Uint8Array): AsyncGenerator<Captured> {
  for (let prefix = start; prefix.length > 0; prefix = await reader.read(4)) {
    const at = reader.position() - prefix.length;
    if (prefix.length < 4) {
      yield damaged(`the file ends inside a length, at byte ${at}`);
      return;
    }
    const length = new DataView(prefix.buffer, prefix.byteOffset).getUint32(0);
    if (length > longestDatagram) {
      yield damaged(
        `a datagram of ${length} bytes at byte ${at}: expected at most ${longestDatagram}; nothing behind it is read`,
      );
      return;
    }
    const payload = await reader.read(length);
    yield { kind: 'datagram', payload, missing: length - payload.length };
  }
}
