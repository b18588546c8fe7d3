/** Addresses and identifiers of a datagram as text. Offsets must be inside the view. */

const hexBytes = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

const hexByte = (view: DataView, offset: number): string => hexBytes[view.getUint8(offset)] ?? '';

export function hexText(view: DataView, offset: number, length: number, separator = ''): string {
  let text = hexByte(view, offset);
  for (let index = 1; index < length; index += 1) text += separator + hexByte(view, offset + index);
  return text;
}

export const macText = (view: DataView, offset: number): string => hexText(view, offset, 6, ':');

const uuidGroups = [
  [0, 4],
  [4, 2],
  [6, 2],
  [8, 2],
  [10, 6],
] as const;

export const uuidText = (view: DataView, offset: number): string =>
  uuidGroups.map(([start, length]) => hexText(view, offset + start, length)).join('-');

export function ipv4Text(view: DataView, offset: number): string {
  const word = view.getUint32(offset);
  return `${word >>> 24}.${(word >>> 16) & 0xff}.${(word >>> 8) & 0xff}.${word & 0xff}`;
}

/** RFC 5952: lower case, and the longest run of at least two zero groups, the first of equals, as `::`. */
export function ipv6Text(view: DataView, offset: number): string {
  const groups = Array.from({ length: 8 }, (_, index) => view.getUint16(offset + index * 2));
  const [start, length] = longestZeroRun(groups);
  const text = (some: readonly number[]): string => some.map((group) => group.toString(16)).join(':');
  if (length < 2) return text(groups);
  return `${text(groups.slice(0, start))}::${text(groups.slice(start + length))}`;
}

function longestZeroRun(groups: readonly number[]): [start: number, length: number] {
  let longest: [number, number] = [0, 0];
  let start = 0;
  groups.forEach((group, index) => {
    if (group !== 0) start = index + 1;
    else if (index + 1 - start > longest[1]) longest = [start, index + 1 - start];
  });
  return longest;
}

/** The address of an agent or a next hop, by its type: undefined for one that the sender does not know. */
export function addressText(view: DataView, type: number, offset: number): string | undefined {
  if (type === 1) return ipv4Text(view, offset);
  if (type === 2) return ipv6Text(view, offset);
  return undefined;
}
