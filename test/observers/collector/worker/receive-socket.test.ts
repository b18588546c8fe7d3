import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { messageOf } from '../../../../src/lib/index.ts';
import {
  explainRefusal,
  openReceiveSocket,
  type ReceiveSocket,
} from '../../../../src/observers/collector/worker/receive-socket.ts';

const receiveBufferBytes = 65_536;
const open: Socket[] = [];

async function openOne(settings: Partial<Parameters<typeof openReceiveSocket>[0]>): Promise<ReceiveSocket> {
  const receiving = await openReceiveSocket({ port: 0, receiveBufferBytes, ...settings });
  open.push(receiving.socket);
  return receiving;
}

afterEach(() => {
  for (const socket of open.splice(0)) socket.close();
});

async function receives({ socket, address: { port } }: ReceiveSocket, family: 'udp4' | 'udp6', host: string): Promise<string> {
  const sender = createSocket(family);
  open.push(sender);
  const received = once(socket, 'message') as Promise<[Buffer]>;
  sender.send('hello', port, host);
  const [bytes] = await received;
  return bytes.toString();
}

describe('the socket that datagrams come to', () => {
  it.each([
    ['127.0.0.1', 'udp4', '127.0.0.1'],
    ['0.0.0.0', 'udp4', '127.0.0.1'],
    ['::1', 'udp6', '::1'],
    [undefined, 'udp4', '127.0.0.1'],
  ] as const)('receives, told to use %s, over %s', async (host, family, to) => {
    const receiving = await openOne({ host });
    expect(receiving.address.port).toBeGreaterThan(0);
    expect(await receives(receiving, family, to)).toBe('hello');
  });

  it('says how much buffer it has been given', async () => {
    const wanted = 2 ** 30 - 1;
    const plain = createSocket({ type: 'udp4', recvBufferSize: wanted }).bind();
    open.push(plain);
    await once(plain, 'listening');
    // Linux says twice of what it counts against net.core.rmem_max.
    const most = plain.getRecvBufferSize() / 2;
    const [enough, tooMuch] = [await openOne({}), await openOne({ receiveBufferBytes: wanted })];
    expect(enough.receiveBuffer).toEqual({ askedBytes: receiveBufferBytes, grantedBytes: Math.min(receiveBufferBytes, most) });
    expect(tooMuch.receiveBuffer).toEqual({ askedBytes: wanted, grantedBytes: most });
  });

  it('is refused a port that is in use, with its address and what helps', async () => {
    const { port } = (await openOne({ host: '127.0.0.1' })).address;
    await expect(openOne({ host: '127.0.0.1', port })).rejects.toMatchObject({
      code: 'Unavailable',
      message: expect.stringMatching(new RegExp(`UDP 127\\.0\\.0\\.1:${port}: the port is in use; .*ss -lunp`)) as string,
    });
  });

  it('is refused an address of another machine', async () => {
    await expect(openOne({ host: '203.0.113.1' })).rejects.toMatchObject({
      code: 'InvalidInput',
      message: expect.stringContaining('UDP 203.0.113.1:0: the address is none of this machine') as string,
    });
  });

  it.each([
    ['EADDRINUSE', 'Unavailable', /^could not receive sFlow on UDP \[::\]:343: .*or give another port/],
    ['EACCES', 'PermissionDenied', /^could not receive sFlow on UDP \[::\]:343: .*from 1024 on.*CAP_NET_BIND_SERVICE/],
    ['EADDRNOTAVAIL', 'InvalidInput', /^could not receive sFlow on UDP \[::\]:343: .*0\.0\.0\.0 or ::/],
    ['ENOBUFS', 'Unavailable', /^could not receive sFlow on UDP \[::\]:343: bind ENOBUFS/],
  ])('explains %s as %s', (code, expected, message) => {
    const error = explainRefusal(Object.assign(new Error(`bind ${code}`), { code }), '::', 343);
    expect([error.code, messageOf(error)]).toEqual([expected, expect.stringMatching(message)]);
  });
});
