import type { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { SquallError } from '../../../lib/index.ts';
import { type Carried, carry } from './carry.ts';
import { createFrameReader, encodeFrame, type Frame } from './frames.ts';

/** This side's end of the port: what the other side sends, and what goes to it. */
export type Port = { input: Readable; output: Writable };

export type Link = {
  /** Tells the other side that connections to the service are taken from now on. */
  offer(service: string): void;
  /** Whether the other side takes connections to the service. */
  isOffered(service: string): boolean;
  /** Carries the socket to the service on the other side; closes it at once when that is not offered. It must allow half-open. */
  connect(service: string, socket: Socket): void;
  /** How many connections are carried now. */
  connections(): number;
  /** Closes all connections. The port stays, for its owner to close. */
  close(): void;
  /** Settles when the link is closed by either side; with the error when the other side sent what it may not. */
  closed: Promise<SquallError | undefined>;
};

/** The other side never has more connections, so that what all their windows may hold is bounded, too. */
export const mostConnections = 512;

/**
 * Many connections over one port, in both directions at once, each with its own back-pressure. Either side may offer services;
 * whoever calls `connect` numbers the connections, and only one side may.
 * @param dial makes the socket of a connection that the other side opened; undefined when there is no such service
 */
export function createLink(port: Port, dial: (service: string) => Socket | undefined): Link {
  const carried = new Map<number, { connection: Carried; socket: Socket }>();
  const offered = new Set<string>();
  let next = 0;
  let isClosed = false;
  let settle: (error: SquallError | undefined) => void = () => undefined;
  const closed = new Promise<SquallError | undefined>((resolve) => {
    settle = resolve;
  });

  const send = (frame: Frame, taken?: () => void): void => {
    if (!isClosed) port.output.write(encodeFrame(frame), taken);
  };
  const add = (number: number, socket: Socket): void => {
    const connection = carry(number, socket, send, () => {
      carried.delete(number);
    });
    carried.set(number, { connection, socket });
  };
  const close = (error?: SquallError): void => {
    if (isClosed) return;
    isClosed = true;
    for (const { socket } of carried.values()) socket.destroy();
    settle(error);
  };

  const receive = (frame: Frame): void => {
    if (frame.type === 'offer') offered.add(frame.service);
    else if (frame.type === 'open') {
      const socket = carried.size < mostConnections && !carried.has(frame.connection) ? dial(frame.service) : undefined;
      if (socket === undefined) send({ type: 'reset', connection: frame.connection });
      else add(frame.connection, socket);
      // What comes for a connection that is gone was sent before the other side knew.
    } else carried.get(frame.connection)?.connection.receive(frame);
  };

  const read = createFrameReader();
  port.input.on('data', (bytes: Buffer) => {
    try {
      for (const frame of read(bytes)) if (!isClosed) receive(frame);
    } catch (error) {
      close(error instanceof SquallError ? error : new SquallError('Internal', 'the link failed', { cause: error }));
    }
  });
  for (const stream of [port.input, port.output]) {
    stream.on('error', () => {
      close();
    });
    stream.on('close', () => {
      close();
    });
  }

  return {
    offer: (service) => {
      send({ type: 'offer', service });
    },
    isOffered: (service) => offered.has(service) && !isClosed,
    connect: (service, socket) => {
      if (isClosed || !offered.has(service) || carried.size >= mostConnections) {
        socket.destroy();
        return;
      }
      do next = (next + 1) % 2 ** 32;
      while (carried.has(next));
      send({ type: 'open', connection: next, service });
      add(next, socket);
    },
    connections: () => carried.size,
    close: () => {
      close();
    },
    closed,
  };
}
