/** What the kernel says of a UDP socket: the datagrams that it has dropped, nearly always for want of room in the receive buffer. */
import { readFileSync } from 'node:fs';
import { isIPv4, SocketAddress } from 'node:net';
import { endianness } from 'node:os';
import { messageOf } from '../../../lib/index.ts';
import type { CollectorAddress } from '../messages.ts';

export type KernelDrops = { drops: number } | { unknown: string };
type Endianness = 'BE' | 'LE';

/** Of the socket bound to an address, in the network namespace of this process. */
export function readKernelDrops(address: CollectorAddress): KernelDrops {
  const file = isIPv4(address.host) ? '/proc/net/udp' : '/proc/net/udp6';
  try {
    const drops = dropsIn(readFileSync(file, 'latin1'), address, endianness());
    return drops === undefined ? { unknown: `${file} does not list the socket` } : { drops };
  } catch (error) {
    return { unknown: messageOf(error) };
  }
}

/** @param table as in /proc/net/udp: one socket a line, its local address second, its drops last */
export function dropsIn(table: string, { host, port }: CollectorAddress, order: Endianness): number | undefined {
  const [plainHost] = host.split('%');
  for (const line of table.split('\n').slice(1)) {
    const columns = line.trim().split(/\s+/);
    const [hexAddress = '', hexPort = ''] = columns[1]?.split(':') ?? [];
    if (Number.parseInt(hexPort, 16) !== port || addressOf(hexAddress, order) !== plainHost) continue;
    const drops = columns.at(-1) ?? '';
    return /^\d+$/.test(drops) ? Number(drops) : undefined;
  }
  return undefined;
}

/** Words of 32 bits, whose bytes are in the order of this machine's processor. */
function addressOf(hexAddress: string, order: Endianness): string {
  const bytes = (hexAddress.match(/.{8}/g) ?? []).flatMap((word) => {
    const ofWord = word.match(/../g) ?? [];
    return order === 'LE' ? ofWord.toReversed() : ofWord;
  });
  if (bytes.length === 4) return bytes.map((byte) => Number.parseInt(byte, 16)).join('.');
  const groups = bytes.join('').match(/.{4}/g) ?? [];
  return groups.length === 8 ? new SocketAddress({ address: groups.join(':'), family: 'ipv6' }).address : '';
}
