import net from 'node:net';
import { join } from 'node:path';

/** A bad line between a client and a server: it can cut, freeze, delay and truncate what the server says. */
export type Proxy = {
  socket: string;
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

export async function startProxy(folder: string, target: string): Promise<Proxy> {
  const socket = join(folder, 'proxy.sock');
  const open = new Set<net.Socket>();
  const frozen = new WeakSet<net.Socket>();
  let connections = 0;
  let delayMs = 0;
  let limitOf: (() => number) | undefined;

  const server = net.createServer((client) => {
    connections += 1;
    const upstream = net.connect(target);
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
    server.listen(socket, resolve);
  });
  return {
    socket,
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
