import type { Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { createLink, type Link, mostConnections } from './link.ts';

/**
 * A service inside the guest that is reachable here. The server listens already, with `allowHalfOpen`; whoever made it says
 * where, and who may connect. It is closed with the machine.
 */
export type Forward = { service: string; server: Server };

/**
 * The host's end of the link: carries every connection that the servers take to the service of that name in the guest. While
 * the guest does not offer it, connections are closed at once, as they would be if nobody listened.
 */
export function forwardConnections(port: Duplex, forwards: readonly Forward[]): Link {
  // Nothing in the guest may open connections to this machine.
  const link = createLink({ input: port, output: port }, () => undefined);
  for (const { service, server } of forwards) {
    server.maxConnections = mostConnections;
    server.on('connection', (socket) => {
      link.connect(service, socket);
    });
  }
  void link.closed.then(() => {
    for (const { server } of forwards) server.close();
  });
  return link;
}
