/**
 * The tree: a prio root whose priomap sends everything to band 1, and one chain of qdiscs for each class's band. By itself it
 * hurts nobody, since only the gate sends packets to another band than the first.
 */
import { bandCount, firstClassBand } from './classes.ts';
import { type Impairment, longestDelayMs, noImpairment } from './impairment.ts';

export const rootHandle = 'fa17:';
/** Below these majors, plus the band, lie the qdiscs of a band. */
const netemMajor = 0xfa20;
const segmentingMajor = 0xfa40;

export type Netem = { kind: 'netem'; handle: string; parent: string; limit: number } & Impairment;
/** Cuts segmentation super-packets into what goes on the wire, so that netem decides about every packet by itself. */
export type Segmenting = { kind: 'tbf'; handle: string; parent: string; burstBytes: number };
export type Qdisc = Netem | Segmenting;

/** Band → its qdiscs, outermost first. */
export type DeviceTree = { device: string; bands: Record<number, Qdisc[]> };

/** `fa17:10` for band 16: minors are hexadecimal in tc's and nft's input and output. */
export function bandHandle(band: number): string {
  return `${rootHandle}${band.toString(16)}`;
}

export function bandOfHandle(handle: string): number | undefined {
  if (!handle.startsWith(rootHandle) || handle === rootHandle) return undefined;
  const band = Number.parseInt(handle.slice(rootHandle.length), 16);
  return band >= firstClassBand && band <= bandCount ? band : undefined;
}

const handleOf = (major: number, band: number): string => `${(major + band).toString(16)}:`;

/** Ethernet header and two VLAN tags. */
const frameOverheadBytes = 22;

/** Faults that decide packet by packet must see packets, not super-packets. */
export function needsSegments({ loss }: Impairment): boolean {
  return loss.kind !== 'none';
}

/**
 * The qdiscs of one band.
 * @param mtu of the device, in bytes: what is longer than one frame is a super-packet and is cut
 */
export function bandQdiscs(band: number, impairment: Impairment, limit: number, mtu: number): Qdisc[] {
  const netem = { kind: 'netem' as const, handle: handleOf(netemMajor, band), limit, ...impairment };
  if (!needsSegments(impairment)) return [{ ...netem, parent: bandHandle(band) }];
  const segmenting: Segmenting = {
    kind: 'tbf',
    handle: handleOf(segmentingMajor, band),
    parent: bandHandle(band),
    burstBytes: mtu + frameOverheadBytes,
  };
  return [segmenting, { ...netem, parent: segmenting.handle }];
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

/** The longest that a packet can wait in any of these bands, in milliseconds. */
export function longestWaitMs(tree: DeviceTree, bands: readonly number[]): number {
  const impairments = bands.flatMap((band) => tree.bands[band] ?? []).filter((qdisc) => qdisc.kind === 'netem');
  return Math.max(longestDelayMs(noImpairment), ...impairments.map(longestDelayMs));
}
