import { connect, isIPv6 } from 'node:net';
import type { LossReason } from '../../api/index.ts';
import { localPorts } from './protocol.ts';

export type Attempt = { sentAt: number; rttMs?: number; reason?: LossReason };

/** Hands out local ports in turn, so that one is used again only after all others. */
export function createPortRing(start: number): () => number {
  const size = localPorts.last - localPorts.first + 1;
  let next = start % size;
  return () => {
    const port = localPorts.first + next;
    next = (next + 1) % size;
    return port;
  };
}

/** Somebody else may hold a port of ours; so many others are tried before the probe counts as unsendable. */
const mostPortsTried = 16;

/**
 * Opens one connection and measures until it is established; then resets it, so that neither side keeps the port in TIME_WAIT.
 * Never rejects: an attempt that got nowhere is lost, with a reason.
 */
export async function attemptConnection(
  to: { address: string; port: number; timeoutMs: number },
  nextPort: () => number,
): Promise<Attempt> {
  for (let tried = 1; ; tried += 1) {
    const attempt = await connectFrom(to, nextPort());
    if (attempt !== 'port in use') return attempt;
    if (tried === mostPortsTried) return { sentAt: Date.now(), reason: 'unreachable' };
  }
}

function connectFrom(
  to: { address: string; port: number; timeoutMs: number },
  localPort: number,
): Promise<Attempt | 'port in use'> {
  return new Promise((resolve) => {
    const sentAt = Date.now();
    const started = performance.now();
    const socket = connect({
      host: to.address,
      port: to.port,
      localPort,
      localAddress: isIPv6(to.address) ? '::' : '0.0.0.0',
      autoSelectFamily: false,
      noDelay: true,
    });
    const timer = setTimeout(() => {
      socket.destroy();
      resolve({ sentAt, reason: 'timeout' });
    }, to.timeoutMs);
    socket.once('connect', () => {
      const rttMs = performance.now() - started;
      clearTimeout(timer);
      socket.resetAndDestroy();
      // The timer may be late on a busy machine; the limit holds all the same.
      resolve(rttMs <= to.timeoutMs ? { sentAt, rttMs } : { sentAt, reason: 'timeout' });
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(outcomeOf(error.code, sentAt));
    });
  });
}

function outcomeOf(code: string | undefined, sentAt: number): Attempt | 'port in use' {
  switch (code) {
    case 'EADDRINUSE':
    case 'EADDRNOTAVAIL':
      return 'port in use';
    case 'ECONNREFUSED':
    case 'ECONNRESET':
      return { sentAt, reason: 'refused' };
    case 'ETIMEDOUT':
      return { sentAt, reason: 'timeout' };
    default:
      return { sentAt, reason: 'unreachable' };
  }
}
