/** The network of an address: what sFlow-RT's `mask` gives. */
import { isIP } from 'node:net';

/** @returns canonical text, undefined where `address` is none or has fewer bits */
export function maskAddress(address: string, bits: number): string | undefined {
  const version = isIP(address);
  if (version === 4 && bits <= 32) return maskIpv4(address, bits);
  return version === 6 && bits <= 128 ? maskIpv6(address, bits) : undefined;
}

function maskIpv4(address: string, bits: number): string {
  const octets = address.split('.').map(Number);
  return octets.map((octet, index) => keptOf(octet, 8, bits - 8 * index)).join('.');
}

function maskIpv6(address: string, bits: number): string {
  const masked = groupsOf(address).map((group, index) => keptOf(group, 16, bits - 16 * index).toString(16));
  // The URL standard writes hosts as RFC 5952 does.
  return new URL(`http://[${masked.join(':')}]`).hostname.slice(1, -1);
}

function groupsOf(address: string): number[] {
  const written = new URL(`http://[${address.replace(/%.*$/, '')}]`).hostname.slice(1, -1);
  const [head = '', tail = ''] = written.split('::');
  const [left, right] = [head, tail].map((half) => (half === '' ? [] : half.split(':').map((group) => parseInt(group, 16))));
  if (left === undefined || right === undefined) return [];
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => 0);
  return [...left, ...zeros, ...right];
}

/** The upper `kept` bits of a number of `width` bits. */
function keptOf(value: number, width: number, kept: number): number {
  const dropped = width - Math.min(width, Math.max(0, kept));
  return (value >> dropped) << dropped;
}
