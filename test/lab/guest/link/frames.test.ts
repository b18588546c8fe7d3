import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFrameReader, encodeFrame, type Frame, longestData } from '../../../../src/lab/guest/link/frames.ts';

const connection = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const service = fc.string({ maxLength: 100 }).filter((text) => text.isWellFormed());
const frame: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({ type: fc.constant('offer' as const), service }),
  fc.record({ type: fc.constant('open' as const), connection, service }),
  fc.record({
    type: fc.constant('data' as const),
    connection,
    data: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  }),
  fc.record({ type: fc.constant('credit' as const), connection, bytes: connection }),
  fc.record({ type: fc.constantFrom('end' as const, 'reset' as const), connection }),
);

/** The bytes in pieces of the given lengths, used over and over. */
function cut(bytes: Buffer, lengths: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const length = lengths[turn % lengths.length] ?? 1;
    pieces.push(bytes.subarray(at, at + length));
    at += length;
  }
  return pieces;
}

describe('the frames of the link', () => {
  it('come out as they went in, however the port cuts the bytes', () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 20 }), lengths, (frames, pieceLengths) => {
        const read = createFrameReader();
        const pieces = cut(Buffer.concat(frames.map(encodeFrame)), pieceLengths);
        expect(pieces.flatMap((piece) => read(piece))).toEqual(frames);
      }),
    );
  });

  it.each([
    ['of an unknown type', Buffer.from([9, 0, 0, 0, 1, 0, 0, 0, 0]), 'a frame of type 9'],
    ['longer than any', Buffer.from([2, 0, 0, 0, 1, 0, 1, 0, 0]), 'a frame of 65536 bytes'],
    ['with half a credit', Buffer.from([3, 0, 0, 0, 1, 0, 0, 0, 2, 1, 1]), 'a credit of 2 bytes'],
  ])('are refused when one is %s', (_, bytes, expected) => {
    expect(() => createFrameReader()(bytes)).toThrow(expected);
  });

  it('may be as long as the longest data and no longer', () => {
    const whole = encodeFrame({ type: 'data', connection: 1, data: Buffer.alloc(longestData) });
    expect(createFrameReader()(whole)).toHaveLength(1);
    const tooLong = encodeFrame({ type: 'data', connection: 1, data: Buffer.alloc(longestData + 1) });
    expect(() => createFrameReader()(tooLong)).toThrow('frame of');
  });
});
