import { SquallError } from '../../../lib/index.ts';

/**
 * What the two sides say to each other over the link's port. `offer` says that connections to the named service are taken;
 * everything else is about one connection, by its number. `end` says that no more data follows in this direction, `reset`
 * that the connection is gone in both; `credit` that the other side may send so many bytes more.
 */
export type Frame =
  | { type: 'offer'; service: string }
  | { type: 'open'; connection: number; service: string }
  | { type: 'data'; connection: number; data: Buffer }
  | { type: 'credit'; connection: number; bytes: number }
  | { type: 'end' | 'reset'; connection: number };

/** The most data one frame carries, in bytes: short enough that connections take turns on the port. */
export const longestData = 16 * 1024;

const types = ['offer', 'open', 'data', 'credit', 'end', 'reset'] as const;
/** One byte for the type, four for the connection's number, four for the length of what follows. */
const headerBytes = 9;

export function encodeFrame(frame: Frame): Buffer {
  const payload = payloadOf(frame);
  const bytes = Buffer.allocUnsafe(headerBytes + payload.length);
  bytes.writeUInt8(types.indexOf(frame.type), 0);
  bytes.writeUInt32BE('connection' in frame ? frame.connection : 0, 1);
  bytes.writeUInt32BE(payload.length, 5);
  payload.copy(bytes, headerBytes);
  return bytes;
}

function payloadOf(frame: Frame): Buffer {
  if (frame.type === 'data') return frame.data;
  if (frame.type === 'offer' || frame.type === 'open') return Buffer.from(frame.service);
  if (frame.type !== 'credit') return Buffer.alloc(0);
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(frame.bytes);
  return bytes;
}

/**
 * Returns a function that takes the port's bytes as they come and gives the frames that are whole with them. It keeps at most
 * one frame that is not; it throws on what no other side of ours would send.
 */
export function createFrameReader(): (bytes: Buffer) => Frame[] {
  let rest: Buffer = Buffer.alloc(0);
  return (bytes) => {
    rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    const frames: Frame[] = [];
    while (rest.length >= headerBytes) {
      const length = rest.readUInt32BE(5);
      if (length > longestData) throw malformed(`a frame of ${String(length)} bytes`);
      if (rest.length < headerBytes + length) break;
      frames.push(decode(rest.readUInt8(0), rest.readUInt32BE(1), rest.subarray(headerBytes, headerBytes + length)));
      rest = rest.subarray(headerBytes + length);
    }
    return frames;
  };
}

function decode(typeNumber: number, connection: number, payload: Buffer): Frame {
  const type = types[typeNumber];
  if (type === 'offer') return { type, service: payload.toString() };
  if (type === 'open') return { type, connection, service: payload.toString() };
  if (type === 'data') return { type, connection, data: payload };
  if (type === 'credit') {
    if (payload.length !== 4) throw malformed(`a credit of ${String(payload.length)} bytes`);
    return { type, connection, bytes: payload.readUInt32BE() };
  }
  if (type === undefined) throw malformed(`a frame of type ${String(typeNumber)}`);
  return { type, connection };
}

function malformed(what: string): SquallError {
  return new SquallError('Internal', `the link to the guest machine carried ${what}, which neither side sends`);
}
