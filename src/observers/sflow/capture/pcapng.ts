import type { ByteReader } from './byte-reader.ts';
import { type Captured, type CapturedPacket, damaged } from './captured.ts';
import { longestPacket, viewOf } from './pcap.ts';

/** Block types of pcapng (draft-ietf-opsawg-pcapng); all others hold no packets. */
const blocks = { section: 0x0a0d0d0a, interface: 1, simplePacket: 3, enhancedPacket: 6 } as const;
export const pcapngMagic = blocks.section;

const byteOrderMagic = 0x1a2b3c4d;
const longestBlock = longestPacket + 65_536;
const resolutionOption = 9;

type Interface = { linkType: number; snapLength: number; unitsPerMs: number };

/** Packets of a pcapng file whose first 4 bytes, the type of a section header block, were read already. */
export async function* readPcapng(reader: ByteReader): AsyncGenerator<CapturedPacket | Captured> {
  let littleEndian = false;
  let interfaces: Interface[] = [];
  let type: number = blocks.section;
  for (;;) {
    const at = reader.position() - 4;
    const head = await reader.read(type === blocks.section ? 8 : 4);
    const view = viewOf(head);
    if (head.length < 4 || (type === blocks.section && head.length < 8)) break;
    if (type === blocks.section) {
      littleEndian = view.getUint32(4, true) === byteOrderMagic;
      interfaces = [];
    }
    const bodyLength = view.getUint32(0, littleEndian) - 4 - head.length;
    if (bodyLength < 4 || bodyLength > longestBlock) {
      yield damaged(`a block of ${bodyLength + 4 + head.length} bytes at byte ${at}: nothing behind it is read`);
      return;
    }
    const body = await reader.read(bodyLength);
    if (body.length < bodyLength) break;
    if (type === blocks.interface) interfaces.push(readInterface(viewOf(body), littleEndian));
    else if (type === blocks.enhancedPacket || type === blocks.simplePacket) {
      yield readPacketBlock(body, littleEndian, interfaces, type) ?? damaged(`a packet block that is too short, at byte ${at}`);
    }
    const next = await reader.read(4);
    if (next.length === 0) return;
    if (next.length < 4) break;
    type = viewOf(next).getUint32(0, littleEndian);
  }
  yield damaged('the file ends inside a block');
}

/** Bodies end with the block's length again. */
function readInterface(body: DataView, littleEndian: boolean): Interface {
  const end = body.byteLength - 4;
  if (end < 8) return { linkType: -1, snapLength: 0, unitsPerMs: 1e3 };
  let unitsPerMs = 1e3;
  for (let offset = 8; offset + 4 <= end;) {
    const [code, length] = [body.getUint16(offset, littleEndian), body.getUint16(offset + 2, littleEndian)];
    if (code === resolutionOption && length >= 1 && offset + 5 <= end) {
      const resolution = body.getUint8(offset + 4);
      unitsPerMs = ((resolution & 0x80) === 0 ? 10 ** resolution : 2 ** (resolution & 0x7f)) / 1000;
    }
    offset += 4 + ((length + 3) & ~3);
  }
  return { linkType: body.getUint16(0, littleEndian), snapLength: body.getUint32(4, littleEndian), unitsPerMs };
}

function readPacketBlock(
  body: Uint8Array,
  littleEndian: boolean,
  interfaces: readonly Interface[],
  type: number,
): CapturedPacket | undefined {
  const view = viewOf(body);
  const end = body.length - 4;
  const dataOffset = type === blocks.enhancedPacket ? 20 : 4;
  if (end < dataOffset) return undefined;
  const source = interfaces[type === blocks.enhancedPacket ? view.getUint32(0, littleEndian) : 0];
  if (source === undefined) return undefined;
  if (type === blocks.simplePacket) {
    const most = source.snapLength === 0 ? Infinity : source.snapLength;
    const length = Math.min(view.getUint32(0, littleEndian), most, end - dataOffset);
    return { linkType: source.linkType, bytes: body.subarray(dataOffset, dataOffset + length) };
  }
  const length = Math.min(view.getUint32(12, littleEndian), end - dataOffset);
  const units = view.getUint32(4, littleEndian) * 2 ** 32 + view.getUint32(8, littleEndian);
  return {
    linkType: source.linkType,
    bytes: body.subarray(dataOffset, dataOffset + length),
    atMs: units / source.unitsPerMs,
  };
}
