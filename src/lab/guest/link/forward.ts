import type { Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { createLink, type Link, mostConnections } from './link.ts';

/**
 * A service inside the guest that is reachable here. The server listens already, with `allowHalfOpen`; whoever made it says
 * where, and who may connect. It is closed with the guest.
 */
export type Forward = { service: string; server: Server };

export type Forwarding = {
  /** From now on connections are carried over this machine's port, until its link is closed. */
  over(port: Duplex): Link;
  /** Closes the servers. */
  close(): void;
};

/**
 * The host's end of the link: carries every connection that the servers take to the service of that name in the guest. While
 * the guest does not offer it, connections are closed at once, as they would be if nobody listened.
 */
export function forwardConnections(forwards: readonly Forward[]): Forwarding {
  let link: Link | undefined;
  for (const { service, server } of forwards) {
    server.maxConnections = mostConnections;
    server.on('connection', (socket) => {
      if (link === undefined) socket.destroy();
      else link.connect(service, socket);
    });
  }
  return {
    over: (port) => {
      // Nothing in the guest may open connections to this machine.
      link = createLink({ input: port, output: port }, () => undefined);
      return link;
    },
    close: () => {
      for (const { server } of forwards) server.close();
    },
  };
}
