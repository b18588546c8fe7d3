/** Trees as input for `tc -batch`, from nothing or from another tree. */
import { bandCount } from './classes.ts';
import { sameQdiscs } from './compare-tree.ts';
import { qdiscWords } from './qdisc-words.ts';
import { bandHandle, bandsOf, type DeviceTree, rootHandle } from './tree.ts';

/** The lines for `tc -batch` that build a device's tree from nothing. */
export function renderTree(tree: DeviceTree): string[] {
  const priomap = Array.from({ length: 16 }, () => '0').join(' ');
  const root = `qdisc add dev ${tree.device} root handle ${rootHandle} prio bands ${String(bandCount)} priomap ${priomap}`;
  return [root, ...bandsOf(tree).flatMap((band) => addBand(tree, band))];
}

function addBand(tree: DeviceTree, band: number): string[] {
  return (tree.bands[band] ?? []).map((qdisc) => `qdisc add dev ${tree.device} ${qdiscWords(qdisc)}`);
}

const removeBand = (device: string, band: number): string => `qdisc del dev ${device} parent ${bandHandle(band)}`;

/**
 * The lines that turn one tree into another; no packet waiting in a band that stays is lost. `from` may be what the kernel
 * was seen to have. Removing a band drops what waits there: drain it first.
 */
export function renderTreeChange(from: DeviceTree | undefined, to: DeviceTree | undefined): string[] {
  if (from === undefined) return to === undefined ? [] : renderTree(to);
  if (to === undefined) return [`qdisc del dev ${from.device} root handle ${rootHandle}`];
  const kept = bandsOf(to);
  const removed = bandsOf(from).filter((band) => !kept.includes(band));
  return [...removed.map((band) => removeBand(from.device, band)), ...kept.flatMap((band) => bandChange(from, to, band))];
}

function bandChange(from: DeviceTree, to: DeviceTree, band: number): string[] {
  const [present, wanted] = [from.bands[band] ?? [], to.bands[band] ?? []];
  if (present.length === 0) return addBand(to, band);
  if (!sameQdiscs(present, wanted, 'but the limits')) return [removeBand(to.device, band), ...addBand(to, band)];
  if (sameQdiscs(present, wanted)) return [];
  return wanted.filter(({ kind }) => kind === 'netem').map((qdisc) => `qdisc change dev ${to.device} ${qdiscWords(qdisc)}`);
}
