/** Reads a stream of chunks by the length that is wanted, and keeps no more than that and one chunk. */
export type ByteReader = {
  /** Fewer bytes only where the stream ends. What it returns is the caller's. */
  read: (length: number) => Promise<Uint8Array>;
  /** How many bytes were read. */
  position: () => number;
};

export function createByteReader(chunks: AsyncIterable<Uint8Array>): ByteReader {
  const iterator = chunks[Symbol.asyncIterator]();
  let chunk: Uint8Array = new Uint8Array(0);
  let position = 0;
  const read = async (length: number): Promise<Uint8Array> => {
    const bytes = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      if (chunk.length === 0) {
        const next = await iterator.next();
        if (next.done === true) break;
        chunk = next.value;
      }
      const part = chunk.subarray(0, length - filled);
      bytes.set(part, filled);
      filled += part.length;
      chunk = chunk.subarray(part.length);
    }
    position += filled;
    return bytes.subarray(0, filled);
  };
  return { read, position: () => position };
}
