import type { Socket } from 'node:net';
import { SquallError } from '../../../lib/index.ts';
import { type Frame, longestData } from './frames.ts';

/** The most bytes of one direction of one connection that are under way or wait for a slow reader. */
export const windowBytes = 64 * 1024;

/** This side of one connection. */
export type Carried = {
  /** What the other side says about this connection; throws when it sends more than it was allowed to. */
  receive(frame: Exclude<Frame, { type: 'offer' | 'open' }>): void;
};

/**
 * Carries what the socket reads to the other side, and what the other side sends to the socket. It reads only what it may
 * send, and gives the other side credit for what the socket has taken: a reader that stops stops its writer, and nobody else.
 * @param send settles when the port has taken the frame, so that connections take turns
 * @param onClosed called once, when the socket is closed and the other side knows
 */
export function carry(
  connection: number,
  socket: Socket,
  send: (frame: Frame, taken?: () => void) => void,
  onClosed: () => void,
): Carried {
  const sent = { credit: windowBytes, waiting: [] as Buffer[], busy: false, socketEnded: false, ended: false };
  const received = { unread: 0, owed: 0, ended: false, reset: false };

  const sendMore = (): void => {
    if (sent.busy || sent.ended) return;
    const [first] = sent.waiting;
    if (first === undefined) {
      if (sent.socketEnded) {
        sent.ended = true;
        send({ type: 'end', connection });
      } else socket.resume();
      return;
    }
    const length = Math.min(first.length, sent.credit, longestData);
    if (length === 0) return;
    if (length === first.length) sent.waiting.shift();
    else sent.waiting[0] = first.subarray(length);
    sent.credit -= length;
    sent.busy = true;
    send({ type: 'data', connection, data: first.subarray(0, length) }, () => {
      sent.busy = false;
      sendMore();
    });
  };

  socket.on('data', (data) => {
    socket.pause();
    sent.waiting.push(data);
    sendMore();
  });
  socket.on('end', () => {
    sent.socketEnded = true;
    sendMore();
  });
  // How a connection failed is of no use to the other side: that it is gone is what `close` tells.
  socket.on('error', () => undefined);
  socket.on('close', () => {
    if (!(sent.ended && received.ended) && !received.reset) send({ type: 'reset', connection });
    sent.ended = true;
    sent.waiting.length = 0;
    onClosed();
  });

  const take = (data: Buffer): void => {
    received.unread += data.length;
    if (received.unread > windowBytes)
      throw new SquallError('Internal', 'the link to the guest machine carried more of one connection than was asked for');
    socket.write(data, () => {
      received.owed += data.length;
      // Half a window at a time: the writer never waits for the last byte to be read.
      if (received.owed < windowBytes / 2 || socket.destroyed) return;
      received.unread -= received.owed;
      send({ type: 'credit', connection, bytes: received.owed });
      received.owed = 0;
    });
  };

  return {
    receive(frame) {
      if (frame.type === 'data') {
        if (!socket.destroyed) take(frame.data);
      } else if (frame.type === 'credit') {
        sent.credit += frame.bytes;
        sendMore();
      } else if (frame.type === 'end') {
        received.ended = true;
        socket.end();
      } else {
        received.reset = true;
        socket.destroy();
      }
    },
  };
}
