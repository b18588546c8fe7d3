import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { dropsIn, readKernelDrops } from '../../../../src/observers/collector/worker/kernel-drops.ts';

const head =
  '   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops';
const line = (address: string, drops: string): string =>
  `  123: ${address} 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4711 2 0000000000000000 ${drops}        `;
const table = (...lines: string[]): string => [head, ...lines, ''].join('\n');

const sockets = table(
  line('0100007F:18C8', '1'),
  line('0200007F:18C7', '2'),
  line('0100007F:18C7', '3'),
  line('00000000:18C9', '4'),
);
const sockets6 = table(
  line('00000000000000000000000000000000:18C7', '5'),
  line('00000000000000000000000001000000:18C7', '6'),
  line('B80D0120000000000000000001000000:18C7', '7'),
  line('000080FE00000000FF005450563412FE:18C7', '8'),
);

describe('the drops of a socket', () => {
  it.each([
    [sockets, '127.0.0.1', 6343, 3],
    [sockets, '127.0.0.2', 6343, 2],
    [sockets, '127.0.0.1', 6344, 1],
    [sockets, '0.0.0.0', 6345, 4],
    [sockets, '0.0.0.0', 6343, undefined],
    [sockets, '127.0.0.3', 6343, undefined],
    [sockets6, '::', 6343, 5],
    [sockets6, '::1', 6343, 6],
    [sockets6, '2001:db8::1', 6343, 7],
    [sockets6, 'fe80::5054:ff:fe12:3456%eth0', 6343, 8],
    ['', '127.0.0.1', 6343, undefined],
    [head, '127.0.0.1', 6343, undefined],
    [table(line('0100007F:18C7', 'many')), '127.0.0.1', 6343, undefined],
    [table('nothing that is known'), '127.0.0.1', 6343, undefined],
  ])('are found by its address (table %#, %s, %d)', (text, host, port, expected) => {
    expect(dropsIn(text, { host, port }, 'LE')).toBe(expected);
  });

  it('are found where the processor has the other order of bytes', () => {
    expect(dropsIn(table(line('7F000001:18C7', '9')), { host: '127.0.0.1', port: 6343 }, 'BE')).toBe(9);
    const loopback6 = table(line('00000000000000000000000000000001:18C7', '9'));
    expect(dropsIn(loopback6, { host: '::1', port: 6343 }, 'BE')).toBe(9);
  });

  it('are none of a new socket, and unknown with a reason of one that is not there', async () => {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const address = { host: '127.0.0.1', port: socket.address().port };
    expect(readKernelDrops(address)).toEqual({ drops: 0 });
    socket.close();
    await once(socket, 'close');
    expect(readKernelDrops(address)).toEqual({ unknown: '/proc/net/udp does not list the socket' });
  });
});
