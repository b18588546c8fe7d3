import { createServer, type Server } from 'node:net';
import { listenOnSocket } from '../../embedded/index.ts';
import { type Forward, type HostLink, openHostLink } from '../../lab/index.ts';
import { SquallError } from '../../lib/index.ts';

/** The services of a command in the guest that people and commands on the host reach. */
export type GuestService = 'api' | 'http';

export type Address = { host: string; port: number };

/**
 * In the guest the API's socket lies on a file system of its own: the state folder is the host's, and so is the socket in it.
 * `reachedAt` is the address on the host of what listens in the guest.
 */
const variables = { socket: 'SQUALL_GUEST_SOCKET', reachedAt: 'SQUALL_GUEST_REACHED_AT' } as const;
const socketInGuest = '/run/squall-guest/api.sock';

export type HostDoors = {
  forwards: Forward[];
  /** What the command in the guest must know of them. */
  environment: Record<string, string>;
  close(): void;
};

/**
 * Opens on this machine, before the guest starts, what its command will serve: the API on the state folder's private socket,
 * and only there; HTTP for people on the address, if one is given.
 */
export async function openHostDoors(socket: string, listen: Address | undefined): Promise<HostDoors> {
  const api = createServer({ allowHalfOpen: true });
  await listenOnSocket(api, socket);
  const forwards: Forward[] = [{ service: 'api' satisfies GuestService, server: api }];
  const environment: Record<string, string> = { [variables.socket]: socketInGuest };
  const close = (): void => {
    for (const { server } of forwards) server.close();
  };
  if (listen !== undefined) {
    const http = createServer({ allowHalfOpen: true });
    const port = await listenOn(http, listen).catch((error: unknown) => {
      close();
      throw error;
    });
    forwards.push({ service: 'http' satisfies GuestService, server: http });
    environment[variables.reachedAt] = JSON.stringify({ host: listen.host, port } satisfies Address);
  }
  return { forwards, environment, close };
}

async function listenOn(server: Server, { host, port }: Address): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      const remedy = 'stop what uses it, or give another address with --listen';
      reject(new SquallError('Unavailable', `could not listen on ${host}:${String(port)}; ${remedy}`, { cause: error }));
    });
    server.listen(port, host, resolve);
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}

/** The link to the host, where a command that runs in the guest has one. */
export function linkToHost(environment: NodeJS.ProcessEnv = process.env): HostLink | undefined {
  return environment[variables.socket] === undefined ? undefined : openHostLink();
}

/** Where the API's socket is, for a command in the guest whose host reaches it; undefined elsewhere. */
export function apiSocketInGuest(environment: NodeJS.ProcessEnv = process.env): string | undefined {
  return environment[variables.socket];
}

/**
 * Where an HTTP server of this process must listen, given what was asked for, and where people reach it when that is another
 * place: in the guest it listens on the guest's loopback, and the host's door has the address that was asked for.
 */
export function placeToListen(asked: Address, environment: NodeJS.ProcessEnv = process.env): Address & { reachedAt?: Address } {
  const reachedAt = environment[variables.reachedAt];
  if (reachedAt === undefined) return asked;
  return { host: '127.0.0.1', port: 0, reachedAt: JSON.parse(reachedAt) as Address };
}
