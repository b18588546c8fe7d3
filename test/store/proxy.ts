import net from 'node:net';
import { join } from 'node:path';

/** A bad line between a client and a server: it can cut, freeze, delay and truncate what the server says. */
export type Proxy = {
  /** Where it listens: a unix socket for a server on one, else a port of loopback. */
  socket: string;
  port: number;
  /** Connections that were made so far. */
  connections(): number;
  /** Ends all connections at once; new ones are taken. */
  cut(): void;
  /** From now on nothing more comes through on connections that are open, and nobody is told. */
  freeze(): void;
  /** What the server says arrives so many milliseconds later, on connections made from now on. */
  delay(milliseconds: number): void;
  /** New connections are cut after so many bytes from the server; undefined: never. */
  cutAfter(bytes: (() => number) | undefined): void;
  close(): Promise<void>;
};

/** @param target the path of a unix socket, or a port of loopback */
export async function startProxy(folder: string, target: string | number): Promise<Proxy> {
  const socket = join(folder, 'proxy.sock');
  const open = new Set<net.Socket>();
  const frozen = new WeakSet<net.Socket>();
  let connections = 0;
  let delayMs = 0;
  let limitOf: (() => number) | undefined;

  const server = net.createServer((client) => {
    connections += 1;
    const upstream = typeof target === 'string' ? net.connect(target) : net.connect(target, '127.0.0.1');
    const waitMs = delayMs;
    let left = limitOf?.() ?? Infinity;
    open.add(client);
    const end = () => {
      open.delete(client);
      client.destroy();
      upstream.destroy();
    };
    client.on('error', end).on('close', end);
    upstream.on('error', end);
    upstream.on('close', () => {
      if (!frozen.has(client)) setTimeout(end, waitMs);
    });
    client.on('data', (chunk) => {
      if (!frozen.has(client)) upstream.write(chunk);
    });
    upstream.on('data', (chunk) => {
      const forward = () => {
        if (frozen.has(client) || client.destroyed) return;
        const part = chunk.subarray(0, left);
        left -= part.length;
        client.write(part, () => {
          if (left <= 0) end();
        });
      };
      if (waitMs === 0) forward();
      else setTimeout(forward, waitMs);
    });
  });
  await new Promise<void>((resolve) => {
    if (typeof target === 'string') server.listen(socket, resolve);
    else server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  return {
    socket,
    port: typeof address === 'object' && address !== null ? address.port : 0,
    connections: () => connections,
    cut: () => {
      for (const client of open) client.destroy();
    },
    freeze: () => {
      for (const client of open) frozen.add(client);
    },
    delay: (milliseconds) => {
      delayMs = milliseconds;
    },
    cutAfter: (bytes) => {
      limitOf = bytes;
    },
    close: async () => {
      for (const client of open) client.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
