/** Which bands tell how many packets a fault itself dropped. */
import type { FaultWork } from '../api/index.ts';
import { impairmentOf } from './catalogue.ts';
import type { Impairment } from './impairment.ts';
import type { BandCount } from './observed-tree.ts';
import type { TargetPlan } from './plan.ts';

export type DropCount = { drops: number; offered: number };

/**
 * What the bands of a fault dropped, of how many packets offered. Bands where another fault loses packets too are left out: there
 * nobody can say which of the two dropped a packet.
 * @param counts device → band → counts, as the kernel reports them
 */
export function dropsOf(
  plan: TargetPlan,
  works: readonly FaultWork[],
  counts: Readonly<Record<string, Record<number, BandCount>>>,
  faultId: string,
): DropCount {
  const lossy = new Set(works.filter(({ effect }) => losesPackets(impairmentOf(effect))).map(({ id }) => id));
  const total = { drops: 0, offered: 0 };
  for (const { device, band, faultIds } of plan.classes) {
    if (!faultIds.includes(faultId) || faultIds.some((id) => id !== faultId && lossy.has(id))) continue;
    const { sent = 0, drops = 0, waiting = 0 } = counts[device]?.[band] ?? {};
    total.drops += drops;
    total.offered += sent + drops + waiting;
  }
  return total;
}

/** What the queues of a rate let through and hold, in bytes, by queue; undefined for other faults. A queue of another rate as well is left out. */
export function shapedBytesOf(
  plan: TargetPlan,
  works: readonly FaultWork[],
  counts: Readonly<Record<string, Record<number, BandCount>>>,
  faultId: string,
): Record<string, NonNullable<BandCount['shaped']>> | undefined {
  const limiting = new Set(works.filter(({ effect }) => effect.type === 'rate').map(({ id }) => id));
  if (!limiting.has(faultId)) return undefined;
  const own = plan.classes.filter(
    ({ faultIds }) => faultIds.includes(faultId) && !faultIds.some((id) => id !== faultId && limiting.has(id)),
  );
  return Object.fromEntries(
    own.flatMap(({ device, band }) => {
      const shaped = counts[device]?.[band]?.shaped;
      return shaped === undefined ? [] : [[`${device} ${String(band)}`, shaped]];
    }),
  );
}

function losesPackets({ loss, rateLimit }: Impairment): boolean {
  return loss.kind !== 'none' || rateLimit !== undefined;
}
