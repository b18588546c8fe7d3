/** Whether two trees are the same as far as the kernel reports them, and what differs when they are not. */
import type { Impairment, Loss } from './impairment.ts';
import { qdiscWords } from './qdisc-words.ts';
import { bandHandle, bandsOf, type DeviceTree, type Qdisc, rootHandle } from './tree.ts';

/** Whether the kernel would do the same with both; the kernel reports neither a tbf's burst nor the distribution of a jitter exactly. */
export function sameQdiscs(a: readonly Qdisc[], b: readonly Qdisc[], exception?: 'but the limits'): boolean {
  return (
    a.length === b.length &&
    a.every((left, index) => {
      const right = b[index];
      if (right?.kind !== left.kind || right.handle !== left.handle || right.parent !== left.parent) return false;
      if (left.kind === 'tbf' || right.kind === 'tbf') return true;
      if (left.limit !== right.limit && exception === undefined) return false;
      return sameImpairment(left, right);
    })
  );
}

/** The kernel keeps delays in ticks and chances in 32 bits; tc prints six decimals of each. */
const near = (a: number, b: number, tolerance: number): boolean => Math.abs(a - b) <= tolerance;

function sameImpairment(a: Impairment, b: Impairment): boolean {
  return near(a.delayMs, b.delayMs, 0.003) && near(a.jitterMs, b.jitterMs, 0.003) && sameLoss(a.loss, b.loss);
}

function sameLoss(a: Loss, b: Loss): boolean {
  if (a.kind === 'none' || b.kind === 'none') return a.kind === b.kind;
  if (a.kind !== b.kind || !near(a.percent, b.percent, 0.002 * Math.max(1, a.percent))) return false;
  return a.kind !== 'burst' || b.kind !== 'burst' || near(a.length, b.length, 0.01 * a.length);
}

/** What differs between the tree that was planned and the one that the kernel reports, one sentence each. */
export function treeDifferences(planned: DeviceTree, observed: DeviceTree | undefined): string[] {
  if (observed === undefined) return [`${planned.device} has no root qdisc ${rootHandle}`];
  const bands = [...new Set([...bandsOf(planned), ...bandsOf(observed)])];
  return bands.flatMap((band) => {
    const [wanted, present] = [planned.bands[band] ?? [], observed.bands[band] ?? []];
    if (sameQdiscs(wanted, present)) return [];
    return [`band ${bandHandle(band)} of ${planned.device} holds ${bandText(present)} instead of ${bandText(wanted)}`];
  });
}

const bandText = (qdiscs: readonly Qdisc[]): string =>
  qdiscs.length === 0 ? 'nothing' : qdiscs.map((qdisc) => `'${qdiscWords(qdisc)}'`).join(' over ');
