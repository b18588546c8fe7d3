/** The UDP socket that datagrams of exporters come to. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv4 } from 'node:net';
import { SquallError } from '../../../lib/index.ts';
import type { ReceiveBuffer } from '../counters.ts';
import type { CollectorAddress } from '../messages.ts';
import type { CollectorSettings } from '../options.ts';

export type ReceiveSocket = { socket: Socket; address: CollectorAddress; receiveBuffer: ReceiveBuffer };
type SocketSettings = Pick<CollectorSettings, 'host' | 'port' | 'receiveBufferBytes'>;

const [allFamilies, allIpv4] = ['::', '0.0.0.0'];

/** Rejects with Unavailable, PermissionDenied or InvalidInput, which name the address and what helps. */
export async function openReceiveSocket(settings: SocketSettings): Promise<ReceiveSocket> {
  const { host, port } = settings;
  if (host !== undefined)
    return await bind(host, settings).catch((error: unknown) => Promise.reject(explainRefusal(error, host, port)));
  try {
    return await bind(allFamilies, settings);
  } catch (error) {
    if (systemCodeOf(error) !== 'EAFNOSUPPORT') throw explainRefusal(error, allFamilies, port);
    return await bind(allIpv4, settings).catch((other: unknown) => Promise.reject(explainRefusal(other, allIpv4, port)));
  }
}

async function bind(host: string, { port, receiveBufferBytes }: SocketSettings): Promise<ReceiveSocket> {
  const socket = createSocket({ type: isIPv4(host) ? 'udp4' : 'udp6', recvBufferSize: receiveBufferBytes });
  try {
    socket.bind({ address: host, port, exclusive: true });
    await once(socket, 'listening');
  } catch (error) {
    socket.close();
    throw error;
  }
  const { address, port: boundPort } = socket.address();
  // Linux doubles what it is asked for, to have room for its own records of each datagram.
  const grantedBytes = socket.getRecvBufferSize() / (process.platform === 'linux' ? 2 : 1);
  return { socket, address: { host: address, port: boundPort }, receiveBuffer: { askedBytes: receiveBufferBytes, grantedBytes } };
}

/** Why a socket could not be bound, and what helps. */
export function explainRefusal(error: unknown, host: string, port: number): SquallError {
  const refused = `could not receive sFlow on UDP ${host.includes(':') ? `[${host}]` : host}:${port}`;
  switch (systemCodeOf(error)) {
    case 'EADDRINUSE': {
      const remedy = `stop what uses it (ss -lunp 'sport = :${port}' names it), or give another port`;
      return new SquallError('Unavailable', `${refused}: the port is in use; ${remedy}`, { cause: error });
    }
    case 'EACCES': {
      const remedy = 'give a port from 1024 on, or the capability CAP_NET_BIND_SERVICE';
      return new SquallError('PermissionDenied', `${refused}: this process may not use the port; ${remedy}`, { cause: error });
    }
    case 'EADDRNOTAVAIL': {
      const remedy = 'give one that it has, 0.0.0.0 or ::';
      return new SquallError('InvalidInput', `${refused}: the address is none of this machine's; ${remedy}`, { cause: error });
    }
    default:
      return new SquallError('Unavailable', refused, { cause: error });
  }
}

const systemCodeOf = (error: unknown): string | undefined =>
  error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
