/**
 * The tree: a root and one chain of qdiscs for each class's band. The root is a prio whose priomap sends everything to band 1, or, of the driver
 * htb, on a device for one class alone, a tbf that holds nothing back. By itself it hurts nobody, since only the gate sends packets to
 * another band than the first, or to a device of ours.
 */
import type { Driver } from '../api/index.ts';
import { bandCount, firstClassBand } from './classes.ts';
import { instanceOfDevice } from './names.ts';
import { type Impairment, longestDelayMs, noImpairment, type RateLimit, type Reordering } from './impairment.ts';

export const rootHandle = 'fa17:';
/** Below these majors, plus the band, lie the qdiscs of a band. */
const majors = {
  netem: 0xfa20,
  segmenting: 0xfa40,
  reordering: 0xfa60,
  shaping: 0xfa80,
  losing: 0xfaa0,
  queue: 0xfac0,
  lost: 0xfae0,
} as const;

type Placed = { handle: string; parent: string };
export type Netem = Placed & { kind: 'netem'; limit: number } & Omit<Impairment, 'reordering' | 'rateLimit'> & {
    reordering?: Omit<Reordering, 'delayMs'>;
  };
/** Cuts segmentation super-packets into what goes on the wire, so that netem decides about every packet by itself. */
export type Segmenting = Placed & { kind: 'segmenting'; burstBytes: number };
export type Shaping = Placed & { kind: 'shaping'; bitsPerSecond: number; burstBytes: number; queueBytes: number };
/** An htb with a filter that sends a share of the packets to a class whose queue takes none, and all others to its first class. */
export type Losing = Placed & { kind: 'losing'; percent: number };
/** Of packets that nothing holds back. */
export type Queue = Placed & { kind: 'queue'; limit: number };
export type Qdisc = Netem | Segmenting | Shaping | Losing | Queue;

export type Root = 'prio' | 'tbf';
export const rootOf: Readonly<Record<Driver, Root>> = { netem: 'prio', htb: 'tbf' };

/** Band → its qdiscs, outermost first. */
export type DeviceTree = { device: string; root: Root; bands: Record<number, Qdisc[]> };

/** `fa17:10` for band 16: minors are hexadecimal in tc's and nft's input and output. */
export function bandHandle(band: number): string {
  return `${rootHandle}${band.toString(16)}`;
}

/** @param device the first band is everybody's, but on a device of ours */
export function bandOfHandle(handle: string, device: string): number | undefined {
  if (!handle.startsWith(rootHandle) || handle === rootHandle) return undefined;
  const band = Number.parseInt(handle.slice(rootHandle.length), 16);
  const first = instanceOfDevice(device) === undefined ? firstClassBand : 1;
  return band >= first && band <= bandCount ? band : undefined;
}

const handleOf = (major: number, band: number): string => `${(major + band).toString(16)}:`;

/** What tc calls a tbf is one of three things of ours. */
export const isSegmentingHandle = (handle: string): boolean => isOfMajor(handle, majors.segmenting);
/** Of the queue that takes nothing: what goes to it is lost. */
export const isLostHandle = (handle: string): boolean => isOfMajor(handle, majors.lost);
/** Below an htb of ours that loses packets. */
export const lostHandle = ({ handle }: Losing): string => handleOf(majors.lost, Number.parseInt(handle, 16) - majors.losing);

function isOfMajor(handle: string, major: number): boolean {
  const band = Number.parseInt(handle, 16) - major;
  return band >= 1 && band <= bandCount;
}

/** Ethernet header and two VLAN tags. */
const frameOverheadBytes = 22;
/** What a rate lets through at once: as much as comes in this time. */
const burstMs = 4;

/** Faults that decide packet by packet must see packets, not super-packets. */
export function needsSegments({ loss, corruptPercent, duplicatePercent, reordering }: Impairment): boolean {
  return loss.kind !== 'none' || corruptPercent > 0 || duplicatePercent > 0 || reordering !== undefined;
}

/** How many queues that are bounded by packets such a band has. */
export function packetQueues(impairment: Impairment, driver: Driver): number {
  if (driver === 'htb') return impairment.rateLimit === undefined ? 1 : 0;
  return Number(hasFirstNetem(impairment)) + Number(impairment.reordering !== undefined);
}

function hasFirstNetem({
  delayMs,
  jitterMs,
  loss,
  corruptPercent,
  duplicatePercent,
  slots,
  reordering,
  rateLimit,
}: Impairment): boolean {
  const isBusy = delayMs > 0 || jitterMs > 0 || loss.kind !== 'none' || corruptPercent > 0 || duplicatePercent > 0;
  return isBusy || slots !== undefined || (reordering === undefined && rateLimit === undefined);
}

/** Bytes that wait at a rate at most: what it lets through in its latency, and at least one burst. */
export function shapingBytes({ bitsPerSecond, latencyMs }: RateLimit, mtu: number): { burstBytes: number; queueBytes: number } {
  const bytesIn = (milliseconds: number): number => Math.ceil((bitsPerSecond / 8) * (milliseconds / 1000));
  const burstBytes = Math.max(mtu + frameOverheadBytes, bytesIn(burstMs));
  return { burstBytes, queueBytes: bytesIn(latencyMs) + burstBytes };
}

/**
 * The chain of qdiscs of one band, outermost first: what cuts super-packets, what all packets meet, what lets some of them overtake the others
 * (it must not let them overtake the delay of another fault), and last the rate, whose queue then holds only what the rate holds back.
 * @param limit packets that a queue may hold
 * @param mtu of the device, in bytes: what is longer than one frame is a super-packet and is cut
 */
export function bandQdiscs(
  band: number,
  impairment: Impairment,
  { driver, limit, mtu }: { driver: Driver; limit: number; mtu: number },
): Qdisc[] {
  const { reordering, rateLimit, ...first } = impairment;
  const chain: Qdisc[] = [];
  const place = (major: number): Placed => ({
    handle: handleOf(major, band),
    parent: parentBelow(chain.at(-1)) ?? bandHandle(band),
  });
  if (needsSegments(impairment)) {
    chain.push({ kind: 'segmenting', ...place(majors.segmenting), burstBytes: mtu + frameOverheadBytes });
  }
  if (driver === 'netem' && hasFirstNetem(impairment)) chain.push({ kind: 'netem', ...place(majors.netem), limit, ...first });
  if (driver === 'htb' && first.loss.kind === 'independent') {
    chain.push({ kind: 'losing', ...place(majors.losing), percent: first.loss.percent });
    if (rateLimit === undefined) chain.push({ kind: 'queue', ...place(majors.queue), limit });
  }
  if (reordering !== undefined) {
    const { delayMs, percent, gap } = reordering;
    const overtaking = { ...noImpairment, delayMs, reordering: { percent, gap } };
    chain.push({ kind: 'netem', ...place(majors.reordering), limit, ...overtaking });
  }
  if (rateLimit !== undefined) {
    const { bitsPerSecond } = rateLimit;
    chain.push({ kind: 'shaping', ...place(majors.shaping), bitsPerSecond, ...shapingBytes(rateLimit, mtu) });
  }
  return chain;
}

/** Of an htb it is the class of what is not lost. */
function parentBelow(qdisc: Qdisc | undefined): string | undefined {
  return qdisc?.kind === 'losing' ? `${qdisc.handle}1` : qdisc?.handle;
}

/**
 * The Gilbert model's chances for loss L in bursts of mean length B, per packet: to enter a burst, L / (B (1 − L)), and to leave it, 1 / B.
 * Everything is lost in a burst, nothing outside (tc-netem(8), "gemodel").
 */
export function burstTransitions(percent: number, length: number): { enter: number; leave: number } {
  const lost = percent / 100;
  return { enter: lost / (length * (1 - lost)), leave: 1 / length };
}

/** Band numbers that hold something, ascending. */
export const bandsOf = (tree: DeviceTree | undefined): number[] =>
  Object.keys(tree?.bands ?? {})
    .map(Number)
    .sort((a, b) => a - b);

/** At some bits a second a frame takes minutes: an undo does not wait for that. */
const longestShapedWaitMs = 60_000;

/** The longest that a packet can wait in any of these bands, in milliseconds. */
export function longestWaitMs(tree: DeviceTree, bands: readonly number[]): number {
  const chains = bands.map((band) => (tree.bands[band] ?? []).reduce((sum, qdisc) => sum + longestIn(qdisc), 0));
  return Math.max(0, ...chains);
}

function longestIn(qdisc: Qdisc): number {
  switch (qdisc.kind) {
    case 'segmenting':
    case 'losing':
    case 'queue':
      return 0;
    case 'netem':
      return longestDelayMs({ ...qdisc, reordering: undefined });
    case 'shaping':
      return Math.min(longestShapedWaitMs, (1000 * 8 * qdisc.queueBytes) / qdisc.bitsPerSecond);
  }
}
