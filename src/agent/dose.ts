/** What a fault really did, against what was asked. Pure. */
import type { Dose, FaultWork } from '../api/index.ts';
import { requestedDose } from '../faults/index.ts';
import { type DropCounters, lossDose, type Shaping, rateDose } from './dose-by-counters.ts';
import { corruptionDose, delayDose, duplicationDose, type PingFacts, reorderingDose, slotDose } from './dose-by-pings.ts';

export type DoseFacts = {
  /** Pings from the target before and while the fault was active; absent when there was no peer to ping. */
  pings?: PingFacts;
  /** Of the kernel: what met the gate; of those offered to the fault's qdiscs, what they dropped. */
  counters?: DropCounters;
  /** What a rate let through while packets waited for it. */
  shaping?: Shaping;
};

/** Undefined when it cannot be measured (yet). Through a fault of both directions a ping passes twice. */
export function measureDose({ effect, direction }: Pick<FaultWork, 'effect' | 'direction'>, facts: DoseFacts): Dose | undefined {
  const { pings, counters, shaping } = facts;
  if (effect.type === 'loss' || effect.type === 'partition') return counters && lossDose(effect, counters);
  if (effect.type === 'rate') return shaping && rateDose(effect, shaping);
  if (pings === undefined) return undefined;
  const pinged = { ...pings, passes: direction === 'both' ? 2 : 1 };
  const packets = counters?.packets ?? 0;
  switch (effect.type) {
    case 'delay':
      return delayDose(effect, pinged, packets);
    case 'slot':
      return slotDose(effect, pinged, packets);
    case 'reorder':
      return reorderingDose(effect, pinged, packets);
    case 'corrupt':
      return corruptionDose(effect, pinged, packets, direction);
    case 'duplicate':
      return duplicationDose(effect, pinged, packets);
  }
}

/** Whether pings are what shows the dose. */
export function isShownByPings(effect: FaultWork['effect']): boolean {
  return requestedDose(effect).source === 'probe';
}
