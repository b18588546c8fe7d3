/** Damages datagrams as nobody sends them by chance: lengths, counts and tags that lie, bytes that are missing or there twice. */

/** Numbers at which code errs: ends of ranges, tags that mean something, lengths that are nearly right. */
const words = [
  0, 1, 2, 3, 4, 5, 7, 8, 12, 16, 27, 28, 31, 32, 127, 128, 255, 256, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1012, 1021,
  1023, 1025, 1029, 1036, 1037, 1042, 1043, 2000, 2001, 2003, 2004, 2005, 2209, 0x7fffffff, 0x80000000, 0xfffffff0, 0xfffffffc,
  0xffffffff,
];
const bytes = [0, 1, 0x45, 0x4f, 0x40, 0x60, 0x81, 0x88, 0xff, 4, 6, 17, 41, 43, 44, 47, 51, 58, 60];

type Random = () => number;

const integer = (random: Random, end: number): number => Math.floor(random() * end);
const pick = <Item>(random: Random, items: readonly Item[]): Item => items[integer(random, items.length)] as Item;

const mutations: readonly ((datagram: Uint8Array, random: Random, others: readonly Uint8Array[]) => Uint8Array)[] = [
  function setWord(datagram, random) {
    const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
    const offset = integer(random, Math.floor(datagram.length / 4)) * 4;
    if (offset + 4 <= datagram.length) view.setUint32(offset, pick(random, words));
    return datagram;
  },
  function nudgeWord(datagram, random) {
    const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
    const offset = integer(random, Math.floor(datagram.length / 4)) * 4;
    if (offset + 4 <= datagram.length) view.setUint32(offset, view.getUint32(offset) + pick(random, [-8, -4, -1, 1, 4, 8]));
    return datagram;
  },
  function setByte(datagram, random) {
    if (datagram.length > 0)
      datagram[integer(random, datagram.length)] = random() < 0.5 ? pick(random, bytes) : integer(random, 256);
    return datagram;
  },
  function flipBit(datagram, random) {
    const offset = integer(random, datagram.length);
    datagram[offset] = (datagram[offset] ?? 0) ^ (1 << integer(random, 8));
    return datagram;
  },
  function cutEnd(datagram, random) {
    return datagram.slice(0, integer(random, datagram.length + 1));
  },
  function cutOut(datagram, random) {
    const [start, length] = [integer(random, datagram.length + 1), integer(random, 64)];
    return joined(datagram.subarray(0, start), datagram.subarray(start + length));
  },
  function repeat(datagram, random) {
    const [start, length] = [integer(random, datagram.length + 1), integer(random, 256)];
    return joined(datagram.subarray(0, start + length), datagram.subarray(start));
  },
  function splice(datagram, random, others) {
    const other = pick(random, others);
    return joined(datagram.subarray(0, integer(random, datagram.length + 1)), other.subarray(integer(random, other.length + 1)));
  },
];

/** A damaged copy of one of `datagrams`, of at most what UDP carries. */
export function mutated(datagrams: readonly Uint8Array[], random: Random): Uint8Array {
  let datagram: Uint8Array = pick(random, datagrams).slice();
  const times = 1 + integer(random, 6);
  for (let time = 0; time < times; time += 1) datagram = pick(random, mutations)(datagram, random, datagrams);
  return datagram.slice(0, 65_507);
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
