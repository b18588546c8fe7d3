/** How long packets can wait in bands, and how many do. */
import { bandsOfFault, longestWaitMs, readBandCounts, type TcQdisc } from '../../faults/index.ts';
import type { LedgerEntry } from './ledger.ts';

/** Added to the longest time that a packet can wait: programs and timers take their time on a busy machine. */
export const drainSlackMs = 1000;

/** Bands of one fault, or of all. */
function placesOf({ plan }: LedgerEntry, faultId: string | undefined): { device: string; band: number }[] {
  return faultId === undefined ? plan.classes : bandsOfFault(plan, faultId);
}

/** Milliseconds. */
export function longestWait(entry: LedgerEntry, faultId?: string): number {
  const places = placesOf(entry, faultId);
  const bandsOn = (device: string) => places.filter((place) => place.device === device).map(({ band }) => band);
  return Math.max(0, ...entry.plan.trees.map((tree) => longestWaitMs(tree, bandsOn(tree.device))));
}

export function waitingPackets(entry: LedgerEntry, qdiscs: readonly TcQdisc[], faultId?: string): number {
  return placesOf(entry, faultId).reduce(
    (sum, { device, band }) => sum + (readBandCounts(qdiscs, device)[band]?.waiting ?? 0),
    0,
  );
}

/** How long to wait before looking again: a quarter of what a packet may take, between 20 and 250 ms. */
export function nextLookMs(longestWaitMilliseconds: number): number {
  return Math.min(250, Math.max(20, longestWaitMilliseconds / 4));
}
