import type { EngineCounters } from './network-engine.ts';

/** Bytes as the kernel's limit counts them: what a socket says is twice as much on Linux. */
export type ReceiveBuffer = { askedBytes: number; grantedBytes: number };

/** Why a datagram was not decoded at all. */
export type Rejections = {
  /** By the address it came from. */
  source: number;
  tooLong: number;
  /** More than its source may send in a second. */
  rate: number;
};

export type IntakeCounters = {
  /** That came out of the socket, rejected ones included. */
  datagrams: number;
  bytes: number;
  rejected: Rejections;
  /** The last address that is not in the allow-list: often an exporter behind address translation. */
  lastRejectedSource?: string;
};

/** Everything since the collector was opened. */
export type CollectorCounters = IntakeCounters & {
  /** Milliseconds since 1970. */
  at: number;
  /** Datagrams that the kernel dropped for want of room in the receive buffer; undefined where it does not say. */
  kernelDrops?: number;
  receiveBuffer: ReceiveBuffer;
  /** `unread`: not handed over, because nobody took those before. They stand in the views nevertheless. */
  crossings: { pushed: number; unread: number };
  engine: EngineCounters;
};
