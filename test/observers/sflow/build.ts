/** Makes datagrams and packets byte by byte. */

export type Bytes = Uint8Array | readonly number[];

export const concat = (...parts: readonly Bytes[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));

export const words = (...values: readonly number[]): Uint8Array => {
  const bytes = new Uint8Array(values.length * 4);
  values.forEach((value, index) => {
    new DataView(bytes.buffer).setUint32(index * 4, value);
  });
  return bytes;
};

export const half = (value: number): number[] => [(value >>> 8) & 0xff, value & 0xff];
export const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replace(/[^0-9a-f]/g, ''), 'hex'));
export const zeros = (length: number): Uint8Array => new Uint8Array(length);

/** XDR opaque: length, bytes, padding. */
export const opaque = (bytes: Bytes): Uint8Array => concat(words(bytes.length), bytes, zeros((4 - (bytes.length % 4)) % 4));
export const text = (value: string): Uint8Array => opaque(Buffer.from(value));

/** A sample or a record. */
export const tagged = (tag: number, ...body: readonly Bytes[]): Uint8Array => {
  const bytes = concat(...body);
  return concat(words(tag, bytes.length), bytes);
};

export const agents = {
  unknown: words(0),
  ipv4: concat(words(1), [192, 0, 2, 1]),
  ipv6: concat(words(2), hex('20010db8000000000000000000000001')),
} as const;

export const datagram = (samples: readonly Bytes[], agent: Bytes = agents.ipv4, count = samples.length): Uint8Array =>
  concat(words(5), agent, words(7, 42, 5000, count), ...samples);

/** Sequence 1, source 2:1000, rate 64, pool 128, drops 3, from interface 9 to 10. */
export const flowSample = (records: readonly Bytes[], input = 9, output = 10, count = records.length): Uint8Array =>
  tagged(1, words(1, 0x020003e8, 64, 128, 3, input, output, count), ...records);

export const rawHeader = (header: Bytes, protocol = 1, frameLength = header.length + 4): Uint8Array =>
  tagged(1, words(protocol, frameLength, 4), opaque(header));

export const macs = hex('02 00 00 00 00 01 02 00 00 00 00 02');
export const ethernet = (type: number, ...payload: readonly Bytes[]): Uint8Array => concat(macs, half(type), ...payload);

export function ipv4(
  protocol: number,
  payload: Bytes,
  { options = zeros(0), fragment = 0 }: { options?: Uint8Array; fragment?: number } = {},
): Uint8Array {
  const headerLength = 20 + options.length;
  return concat(
    [0x40 | (headerLength / 4), 0x10, ...half(headerLength + payload.length), 0, 1, ...half(fragment), 63, protocol, 0, 0],
    [10, 0, 0, 1, 10, 0, 0, 2],
    options,
    payload,
  );
}

export const ipv6 = (next: number, payload: Bytes): Uint8Array =>
  concat(
    [0x61, 0x20, 0, 0, ...half(payload.length), next, 62],
    hex('20010db8'),
    zeros(11),
    [1],
    hex('20010db8'),
    zeros(11),
    [2],
    payload,
  );

export const udp = (source: number, destination: number, payload: Bytes = []): Uint8Array =>
  concat(half(source), half(destination), half(8 + payload.length), [0, 0], payload);

export const tcp = (source: number, destination: number, flags: number): Uint8Array =>
  concat(half(source), half(destination), zeros(8), [0x50, flags, 0, 0, 0, 0, 0, 0]);
