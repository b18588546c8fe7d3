/** Trees as input for `tc -batch`, from nothing or from another tree. */
import { bandCount } from './classes.ts';
import { sameQdiscs } from './compare-tree.ts';
import { qdiscWords } from './qdisc-words.ts';
import { bandHandle, bandsOf, type DeviceTree, type Losing, lostHandle, type Root, rootHandle } from './tree.ts';

const priomap = Array.from({ length: 16 }, () => '0').join(' ');
const rootWords: Readonly<Record<Root, string>> = {
  prio: `prio bands ${String(bandCount)} priomap ${priomap}`,
  // It has one class, and holds nothing back: not even the longest super-packet is cut here.
  tbf: 'tbf rate 1000gbit burst 256kb limit 10mb',
};

/** The lines for `tc -batch` that build a device's tree from nothing. */
export function renderTree(tree: DeviceTree): string[] {
  const root = `qdisc add dev ${tree.device} root handle ${rootHandle} ${rootWords[tree.root]}`;
  return [root, ...bandsOf(tree).flatMap((band) => addBand(tree, band))];
}

function addBand(tree: DeviceTree, band: number): string[] {
  const { device } = tree;
  return (tree.bands[band] ?? []).flatMap((qdisc) => [
    `qdisc add dev ${device} ${qdiscWords(qdisc)}`,
    ...(qdisc.kind === 'losing' ? lossLines(device, qdisc) : []),
  ]);
}

/** The classes of an htb that loses packets, and what decides by chance. */
function lossLines(device: string, qdisc: Losing): string[] {
  const { handle, percent } = qdisc;
  const classOf = (minor: number) =>
    `class add dev ${device} parent ${handle} classid ${handle}${String(minor)} htb rate 1000gbit quantum 60000`;
  return [
    classOf(1),
    classOf(2),
    `qdisc add dev ${device} parent ${handle}2 handle ${lostHandle(qdisc)} pfifo limit 0`,
    ...(percent === 100
      ? []
      : [`filter add dev ${device} parent ${handle} protocol all pref 1 bpf bytecode "${chanceProgram(qdisc)}"`]),
  ];
}

/**
 * A classic BPF program that sends a packet to the second class with the chance that was asked for, and otherwise to none
 * (bpf_asm, tc-bpf(8); its random number is the ancillary load SKF_AD_RANDOM of linux/filter.h).
 */
function chanceProgram({ handle, percent }: Losing): string {
  const instructions = { loadWord: 0x20, jumpIfAtLeast: 0x35, return: 0x06 };
  const ancillaryRandom = 0xfffff000 + 56;
  const threshold = Math.min(2 ** 32 - 1, Math.max(1, Math.round((percent / 100) * 2 ** 32)));
  const secondClass = Number.parseInt(handle, 16) * 0x10000 + 2;
  const lines = [
    [instructions.loadWord, 0, 0, ancillaryRandom],
    [instructions.jumpIfAtLeast, 1, 0, threshold],
    [instructions.return, 0, 0, secondClass],
    [instructions.return, 0, 0, 0],
  ];
  return [String(lines.length), ...lines.map((line) => line.join(' '))].join(',');
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
  return wanted
    .filter(({ kind }) => kind === 'netem' || kind === 'queue')
    .map((qdisc) => `qdisc change dev ${to.device} ${qdiscWords(qdisc)}`);
}
