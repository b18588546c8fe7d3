/** What `tc -j -s qdisc show` reports, in the terms of the plan. */
import type { Loss } from './impairment.ts';
import { bandOfHandle, type DeviceTree, isLostHandle, isSegmentingHandle, type Qdisc, rootHandle } from './tree.ts';

/** The fields of tc's JSON that are used; seconds and fractions from 0 to 1. `dev` is absent when tc was asked for one device. */
export type TcQdisc = {
  kind: string;
  handle: string;
  dev?: string;
  parent?: string;
  root?: boolean;
  options?: {
    limit?: number;
    /** Of a tbf, in bytes a second. */
    rate?: number;
    delay?: { delay: number; jitter: number };
    'loss-random'?: { loss: number };
    'loss-gemodel'?: { p: number; r: number };
    corrupt?: { corrupt: number };
    duplicate?: { duplicate: number };
    reorder?: { reorder: number };
    gap?: number;
    slot?: { 'min-delay': number; 'max-delay': number };
  };
  packets?: number;
  bytes?: number;
  /** Bytes that wait. */
  backlog?: number;
  drops?: number;
  qlen?: number;
};

/** The tree of ours on a device; undefined when its root is another. */
export function readTree(qdiscs: readonly TcQdisc[], device: string): DeviceTree | undefined {
  const onDevice = qdiscs.filter(({ dev }) => dev === device);
  const root = onDevice.find(({ root, handle }) => root === true && handle === rootHandle);
  if (root === undefined) return undefined;
  const tree: DeviceTree = { device, root: root.kind === 'tbf' ? 'tbf' : 'prio', bands: {} };
  for (const qdisc of onDevice) {
    const band = bandOfHandle(qdisc.parent ?? '', device);
    if (band === undefined) continue;
    tree.bands[band] = chainFrom(qdisc, onDevice).map((one) => readQdisc(one, onDevice));
  }
  return tree;
}

/** A qdisc and what hangs below it. Ours have one child at most, but for the queue of what is lost; the chain cannot be longer than the list. */
function chainFrom(top: TcQdisc, all: readonly TcQdisc[]): TcQdisc[] {
  const chain = [top];
  for (let child = childOf(top, all); child !== undefined && chain.length < all.length; child = childOf(child, all))
    chain.push(child);
  return chain;
}

function childOf({ handle }: TcQdisc, all: readonly TcQdisc[]): TcQdisc | undefined {
  return all.find((qdisc) => qdisc.parent?.startsWith(handle) === true && !isLostHandle(qdisc.handle));
}

/** The kernel says neither a tbf's burst nor its queue exactly. */
function readQdisc({ kind, handle, parent = '', options = {} }: TcQdisc, all: readonly TcQdisc[]): Qdisc {
  const place = { handle, parent };
  if (kind === 'htb') {
    const losesNothing = !all.some((one) => one.parent === `${handle}2` && isLostHandle(one.handle) && one.options?.limit === 0);
    return { kind: 'losing', ...place, percent: losesNothing ? 0 : 100 };
  }
  if (kind === 'pfifo') return { kind: 'queue', ...place, limit: options.limit ?? 0 };
  if (kind === 'tbf') {
    if (isSegmentingHandle(handle)) return { kind: 'segmenting', ...place, burstBytes: 0 };
    return { kind: 'shaping', ...place, bitsPerSecond: 8 * (options.rate ?? 0), burstBytes: 0, queueBytes: 0 };
  }
  const { delay = 0, jitter = 0 } = options.delay ?? {};
  const { reorder, slot, gap = 0 } = options;
  return {
    // A kind that is none of ours cannot pass for netem: its limit never matches.
    kind: 'netem',
    ...place,
    limit: kind === 'netem' ? (options.limit ?? 0) : -1,
    delayMs: delay * 1000,
    jitterMs: jitter * 1000,
    distribution: 'uniform',
    loss: readLoss(options),
    corruptPercent: 100 * (options.corrupt?.corrupt ?? 0),
    duplicatePercent: 100 * (options.duplicate?.duplicate ?? 0),
    ...(reorder === undefined ? {} : { reordering: { percent: 100 * reorder.reorder, gap } }),
    ...(slot === undefined ? {} : { slots: { minMs: 1000 * slot['min-delay'], maxMs: 1000 * slot['max-delay'] } }),
  };
}

function readLoss(options: NonNullable<TcQdisc['options']>): Loss {
  const burst = options['loss-gemodel'];
  if (burst !== undefined) return { kind: 'burst', percent: (100 * burst.p) / (burst.p + burst.r), length: 1 / burst.r };
  const independent = options['loss-random'];
  return independent === undefined ? { kind: 'none' } : { kind: 'independent', percent: 100 * independent.loss };
}

/** Packets that a band has let through, dropped and still holds; where it has a rate, also what that let through and holds, in bytes. */
export type BandCount = { sent: number; drops: number; waiting: number; shaped?: { bytes: number; waitingBytes: number } };

/** By band; counted at the first netem or htb, where every packet is decided, or at the only qdisc there is. */
export function readBandCounts(qdiscs: readonly TcQdisc[], device: string): Record<number, BandCount> {
  const onDevice = qdiscs.filter(({ dev }) => dev === device);
  const counts: Record<number, BandCount> = {};
  for (const qdisc of onDevice) {
    const band = bandOfHandle(qdisc.parent ?? '', device);
    if (band === undefined) continue;
    const chain = chainFrom(qdisc, onDevice);
    const decider = chain.find(({ kind }) => kind === 'netem' || kind === 'htb') ?? chain.at(-1);
    counts[band] = {
      sent: decider?.packets ?? 0,
      drops: decider?.drops ?? 0,
      waiting: Math.max(...chain.map(({ qlen = 0 }) => qlen)),
      ...shapedBy(chain),
    };
  }
  return counts;
}

function shapedBy(chain: readonly TcQdisc[]): Pick<BandCount, 'shaped'> {
  const shaping = chain.find(({ kind, handle }) => kind === 'tbf' && !isSegmentingHandle(handle));
  return shaping === undefined ? {} : { shaped: { bytes: shaping.bytes ?? 0, waitingBytes: shaping.backlog ?? 0 } };
}
