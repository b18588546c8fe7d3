/** Whether two trees are the same as far as the kernel reports them, and what differs when they are not. */
import type { Loss } from './impairment.ts';
import { qdiscWords } from './qdisc-words.ts';
import { bandHandle, bandsOf, type DeviceTree, type Netem, type Qdisc, rootHandle } from './tree.ts';

/**
 * Whether the kernel would do the same with both. It reports neither a tbf's burst nor the distribution of a jitter exactly, and the share that
 * an htb's filter loses not among its qdiscs.
 */
export function sameQdiscs(a: readonly Qdisc[], b: readonly Qdisc[], exception?: 'but the limits'): boolean {
  return (
    a.length === b.length &&
    a.every((left, index) => {
      const right = b[index];
      if (right?.handle !== left.handle || right.parent !== left.parent) return false;
      if (left.kind === 'netem') return right.kind === 'netem' && sameNetem(left, right, exception);
      if (left.kind === 'losing') return right.kind === 'losing' && (left.percent === 0) === (right.percent === 0);
      if (left.kind === 'queue') return right.kind === 'queue' && (left.limit === right.limit || exception !== undefined);
      if (left.kind === 'shaping') return right.kind === 'shaping' && sameRate(left.bitsPerSecond, right.bitsPerSecond);
      return right.kind === 'segmenting';
    })
  );
}

/** The kernel keeps delays in ticks and chances in 32 bits; tc prints six decimals of each, and rates in whole bytes. */
const near = (a: number, b: number, tolerance: number): boolean => Math.abs(a - b) <= tolerance;
const sameTime = (a: number, b: number): boolean => near(a, b, 0.003);
/** tc keeps whole bytes a second. */
const sameRate = (a: number, b: number): boolean => near(a, b, Math.max(8, 0.002 * a));
const sameShare = (a: number, b: number): boolean => near(a, b, 0.002 * Math.max(1, a));

function sameNetem(a: Netem, b: Netem, exception: 'but the limits' | undefined): boolean {
  return (
    (a.limit === b.limit || exception !== undefined) &&
    sameTime(a.delayMs, b.delayMs) &&
    sameTime(a.jitterMs, b.jitterMs) &&
    sameLoss(a.loss, b.loss) &&
    sameShare(a.corruptPercent, b.corruptPercent) &&
    sameShare(a.duplicatePercent, b.duplicatePercent) &&
    (a.reordering === undefined) === (b.reordering === undefined) &&
    sameShare(a.reordering?.percent ?? 0, b.reordering?.percent ?? 0) &&
    a.reordering?.gap === b.reordering?.gap &&
    sameTime(a.slots?.minMs ?? 0, b.slots?.minMs ?? 0) &&
    sameTime(a.slots?.maxMs ?? 0, b.slots?.maxMs ?? 0)
  );
}

function sameLoss(a: Loss, b: Loss): boolean {
  if (a.kind === 'none' || b.kind === 'none') return a.kind === b.kind;
  if (a.kind !== b.kind || !sameShare(a.percent, b.percent)) return false;
  return a.kind !== 'burst' || b.kind !== 'burst' || near(a.length, b.length, 0.01 * a.length);
}

/** What differs between the tree that was planned and the one that the kernel reports, one sentence each. */
export function treeDifferences(planned: DeviceTree, observed: DeviceTree | undefined): string[] {
  if (observed?.root !== planned.root) return [`${planned.device} has no root qdisc ${rootHandle} (${planned.root})`];
  const bands = [...new Set([...bandsOf(planned), ...bandsOf(observed)])];
  return bands.flatMap((band) => {
    const [wanted, present] = [planned.bands[band] ?? [], observed.bands[band] ?? []];
    if (sameQdiscs(wanted, present)) return [];
    return [`band ${bandHandle(band)} of ${planned.device} holds ${bandText(present)} instead of ${bandText(wanted)}`];
  });
}

const bandText = (qdiscs: readonly Qdisc[]): string =>
  qdiscs.length === 0 ? 'nothing' : qdiscs.map((qdisc) => `'${qdiscWords(qdisc)}'`).join(' over ');
