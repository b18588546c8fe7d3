/**
 * Address blocks as ranges of integers, so that selections can be intersected exactly. Blocks either nest or are disjoint
 * (RFC 4632), which is why a sorted list without nested blocks is all that is needed.
 */
import { SquallError } from '../lib/index.ts';

export const families = ['ipv4', 'ipv6'] as const;
export type Family = (typeof families)[number];

/** Both ends belong to it. */
export type AddressRange = { first: bigint; last: bigint };

const widthOf = { ipv4: 32, ipv6: 128 } as const;

/** `10.0.0.0/8`, `10.1.2.3`, `fd00::/64` … as a range; bits after the prefix are ignored. */
export function parseBlock(text: string, family: Family): AddressRange {
  const [address = '', prefixText, ...rest] = text.split('/');
  const width = widthOf[family];
  const prefix = prefixText === undefined ? width : /^\d{1,3}$/.test(prefixText) ? Number(prefixText) : Number.NaN;
  const value = family === 'ipv4' ? parseIpv4(address) : parseIpv6(address);
  if (value === undefined || rest.length > 0 || !(prefix <= width)) {
    throw new SquallError(
      'InvalidInput',
      `${JSON.stringify(text)} is not an ${family} address or block such as ${exampleOf(family)}`,
    );
  }
  const hostBits = BigInt(width - prefix);
  const first = (value >> hostBits) << hostBits;
  return { first, last: first + (1n << hostBits) - 1n };
}

function exampleOf(family: Family): string {
  return family === 'ipv4' ? '192.0.2.0/24' : '2001:db8::/64';
}

/** Four decimal octets without leading zeros, which some programs read as octal; undefined for anything else. */
function parseIpv4(text: string): bigint | undefined {
  const octets = text.split('.');
  if (octets.length !== 4 || !octets.every((octet) => /^(0|[1-9]\d{0,2})$/.test(octet) && Number(octet) <= 255)) return undefined;
  return octets.reduce((value, octet) => (value << 8n) | BigInt(octet), 0n);
}

/** The text forms of RFC 4291, section 2.2, without a zone; undefined for anything else. */
function parseIpv6(text: string): bigint | undefined {
  const embedded = /^(.*:)([\d.]+)$/.exec(text);
  if (embedded?.[1] !== undefined && embedded[2]?.includes('.') === true) {
    const low = parseIpv4(embedded[2]);
    return low === undefined
      ? undefined
      : parseIpv6(`${embedded[1]}${(low >> 16n).toString(16)}:${(low & 0xffffn).toString(16)}`);
  }
  const [head = '', tail, ...more] = text.split('::');
  const groupsOf = (part: string | undefined) => (part === undefined || part === '' ? [] : part.split(':'));
  const [before, after] = [groupsOf(head), groupsOf(tail)];
  const missing = 8 - before.length - after.length;
  const complete = tail === undefined ? missing === 0 : missing >= 1;
  const groups = [...before, ...Array.from({ length: Math.max(0, missing) }, () => '0'), ...after];
  if (!complete || more.length > 0 || !groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return groups.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n);
}

function formatAddress(value: bigint, family: Family): string {
  const [groups, bits] = family === 'ipv4' ? [4, 8n] : [8, 16n];
  const mask = (1n << bits) - 1n;
  const parts = Array.from({ length: groups }, (_, index) => (value >> (bits * BigInt(groups - 1 - index))) & mask);
  return family === 'ipv4' ? parts.join('.') : parts.map((part) => part.toString(16)).join(':');
}

/** A range that is one block, as nft reads it; a single address has no prefix. */
export function formatBlock({ first, last }: AddressRange, family: Family): string {
  const hostBits = (last - first + 1n).toString(2).length - 1;
  const address = formatAddress(first, family);
  return hostBits === 0 ? address : `${address}/${String(widthOf[family] - hostBits)}`;
}

/** The same addresses as sorted blocks of which none lies inside another: nft refuses overlapping set elements. */
export function parseBlocks(texts: readonly string[], family: Family): AddressRange[] {
  const sorted = texts
    .map((text) => parseBlock(text, family))
    .sort((a, b) => compare(a.first, b.first) || compare(b.last, a.last));
  const kept: AddressRange[] = [];
  for (const block of sorted) {
    const previous = kept.at(-1);
    if (previous === undefined || block.first > previous.last) kept.push(block);
  }
  return kept;
}

/** Addresses and blocks of both families, apart. */
export function parseByFamily(texts: readonly string[]): Record<Family, AddressRange[]> {
  const of = (family: Family) =>
    parseBlocks(
      texts.filter((text) => familyOf(text) === family),
      family,
    );
  return { ipv4: of('ipv4'), ipv6: of('ipv6') };
}

/** What lies in both; both lists sorted and without overlaps. */
export function intersectRanges(a: readonly AddressRange[], b: readonly AddressRange[]): AddressRange[] {
  const common: AddressRange[] = [];
  let [i, j] = [0, 0];
  for (let left = a[i], right = b[j]; left !== undefined && right !== undefined; left = a[i], right = b[j]) {
    const first = left.first > right.first ? left.first : right.first;
    const last = left.last < right.last ? left.last : right.last;
    if (first <= last) common.push({ first, last });
    if (left.last < right.last) i += 1;
    else j += 1;
  }
  return common;
}

/** Sorted ranges with touching ones joined: two lists cover the same addresses exactly when this is equal. */
export function joinRanges(ranges: readonly AddressRange[]): AddressRange[] {
  const joined: AddressRange[] = [];
  for (const range of [...ranges].sort((a, b) => compare(a.first, b.first))) {
    const previous = joined.at(-1);
    if (previous !== undefined && range.first <= previous.last + 1n) {
      if (range.last > previous.last) previous.last = range.last;
    } else joined.push({ ...range });
  }
  return joined;
}

/** Whether two lists cover the same addresses. */
export function areSameRanges(a: readonly AddressRange[], b: readonly AddressRange[]): boolean {
  const [some, others] = [joinRanges(a), joinRanges(b)];
  return (
    some.length === others.length &&
    some.every(({ first, last }, index) => others[index]?.first === first && others[index].last === last)
  );
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function familyOf(address: string): Family {
  return address.includes(':') ? 'ipv6' : 'ipv4';
}
