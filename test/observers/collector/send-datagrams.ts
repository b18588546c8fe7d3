import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { CollectorAddress } from '../../../src/observers/index.ts';

/** Resolves when the kernel has all of them: on loopback they are then in the receiver's buffer, or were dropped. */
export async function sendDatagrams(
  { host, port }: CollectorAddress,
  datagrams: readonly Uint8Array[],
  source = '127.0.0.1',
): Promise<void> {
  const socket = createSocket('udp4').bind(0, source);
  await once(socket, 'listening');
  try {
    // One after the other: the order is what the receiver sees.
    for (const datagram of datagrams) {
      await new Promise<void>((resolve, reject) => {
        socket.send(datagram, port, host, (error) => {
          if (error === null) resolve();
          else reject(error);
        });
      });
    }
  } finally {
    socket.close();
  }
}
