/** Doses that the kernel's own counters show. */
import type { Dose, Fault } from '../api/index.ts';
import { requestedDose } from '../faults/index.ts';
import { wilson } from '../probes/index.ts';

export type DropCounters = { packets: number; drops: number; offered: number };

/** While packets waited at every look: what a rate let through, in how long. */
export type Shaping = { bytes: number; milliseconds: number; looks: number };

/** One look at the queues of a rate, by queue. */
export type ShapedCounts = Readonly<Record<string, { bytes: number; waitingBytes: number }>>;
export type SeenShaping = { last?: { counts: ShapedCounts; at: number }; total: Shaping };

export const newShaping = (): SeenShaping => ({ total: { bytes: 0, milliseconds: 0, looks: 0 } });

/** A queue's span counts when packets waited at both its ends: then the rate was what they waited for. */
export function seeShaping({ last, total }: SeenShaping, counts: ShapedCounts, at: number): SeenShaping {
  const seen = { ...total };
  for (const [queue, count] of Object.entries(counts)) {
    const before = last?.counts[queue];
    if (last === undefined || before === undefined || before.waitingBytes === 0 || count.waitingBytes === 0) continue;
    if (count.bytes < before.bytes) continue;
    seen.bytes += count.bytes - before.bytes;
    seen.milliseconds += at - last.at;
    seen.looks += 1;
  }
  return { last: { counts, at }, total: seen };
}

/** A false alarm of the judgement is rarer than one in ten thousand; the report shows 95 %. */
export const judgingZ = 3.9;
/** A look at the counters is some milliseconds late, now and then. */
const rateTolerance = 0.1;

/**
 * Bits a second while saturated. Nothing is shown where the traffic was slower than the rate: the fault was not exercised, and no look counts.
 */
export function rateDose(fault: Extract<Fault, { type: 'rate' }>, { bytes, milliseconds, looks }: Shaping): Dose {
  const { bitsPerSecond } = fault;
  const measured = milliseconds === 0 ? 0 : (8000 * bytes) / milliseconds;
  return {
    ...requestedDose(fault),
    measured: { value: measured, low: measured * (1 - rateTolerance), high: measured * (1 + rateTolerance), unit: 'bit/s' },
    samples: looks,
    ok: looks > 0 && Math.abs(measured - bitsPerSecond) <= rateTolerance * bitsPerSecond,
  };
}

type Loss = Extract<Fault, { type: 'loss' | 'partition' }>;

/** The share that the kernel dropped. Nothing dropped proves no dose, however few packets there were. */
export function lossDose(fault: Loss, { packets, drops, offered }: DropCounters): Dose {
  const { percent, burst } = fault.type === 'loss' ? fault : { percent: 100, burst: 1 };
  const trials = offered / burstFactor({ percent, burst });
  const share = offered === 0 ? 0 : drops / offered;
  const shown = wilson(share * trials, trials);
  const judged = wilson(share * trials, trials, judgingZ);
  const asked = percent / 100;
  return {
    ...requestedDose(fault),
    measured: { value: share * 100, low: shown.low * 100, high: shown.high * 100, unit: '%' },
    samples: offered,
    ok: packets > 0 && drops > 0 && judged.low <= asked && asked <= judged.high,
  };
}

/**
 * How many packets carry as much evidence as one independent one: losses in bursts are correlated, with 1 − p − r from packet to
 * packet in the Gilbert model (Gilbert, Bell System Technical Journal 1960), r = 1/burst, p = loss/(burst·(1 − loss)).
 */
function burstFactor({ percent, burst }: { percent: number; burst: number }): number {
  const loss = percent / 100;
  if (burst <= 1 || loss >= 1) return 1;
  const correlation = 1 - loss / (burst * (1 - loss)) - 1 / burst;
  return correlation <= 0 ? 1 : (1 + correlation) / (1 - correlation);
}
