/** Doses that pings of the target's own show, to peers that the fault's selector covers and that are not hurt themselves. */
import type { Direction, Dose, Fault } from '../api/index.ts';
import { requestedDose } from '../faults/index.ts';
import { type Interval, medianWithInterval, wilson } from '../probes/index.ts';
import { judgingZ } from './dose-by-counters.ts';

/** Round-trip times in milliseconds, by the peer's address. */
export type RttsByPeer = Record<string, readonly number[]>;

/** Pings to one peer while the fault was active. */
export type PingCount = { answered: number; lost: number; duplicates: number };

export type PingFacts = {
  baseline: RttsByPeer;
  /** The newest. */
  active: RttsByPeer;
  counts: Readonly<Record<string, PingCount>>;
};

/** How often a ping passes the fault: with its answer, twice where both directions are hurt. */
type Passed = PingFacts & { passes: number };

const fewestPings = 5;
const shareTolerance = 0.05;
const leastToleranceMs = 2;

/**
 * The median of (round-trip time − the same peer's median before). Its interval is that of the order statistics, widened by the
 * widest interval of a baseline, since that is uncertain too.
 */
export function delayDose(fault: Extract<Fault, { type: 'delay' }>, pings: Passed, packets: number): Dose | undefined {
  const measured = medianAdded(pings);
  if (measured === undefined) return undefined;
  const { samples, ...interval } = measured;
  const tolerance = Math.max(leastToleranceMs, fault.delayMs * shareTolerance) + skewMs(fault);
  const near = interval.low - tolerance <= fault.delayMs && fault.delayMs <= interval.high + tolerance;
  return {
    ...requestedDose(fault),
    measured: { ...interval, unit: 'ms' },
    samples,
    ok: packets > 0 && samples >= fewestPings && near,
  };
}

/** Pareto tables are skewed: their median lies below the mean that was asked for, by less than one standard deviation. */
function skewMs({ distribution, jitterMs }: Extract<Fault, { type: 'delay' }>): number {
  return distribution === 'pareto' || distribution === 'paretonormal' ? jitterMs : 0;
}

/** What was added to each peer's own baseline, one value a ping; a peer that did not answer before says nothing of that. */
function addedTimes({ baseline, active }: PingFacts): { added: number[]; below: number; above: number } {
  const added: number[] = [];
  let [below, above] = [0, 0];
  for (const [peer, times] of Object.entries(baseline)) {
    const before = medianWithInterval(times);
    const now = active[peer];
    if (before === undefined || now === undefined) continue;
    added.push(...now.map((rttMs) => rttMs - before.value));
    below = Math.max(below, before.high - before.value);
    above = Math.max(above, before.value - before.low);
  }
  return { added, below, above };
}

/** For one pass. */
function medianAdded(pings: Passed): (Interval & { samples: number }) | undefined {
  const { added, below, above } = addedTimes(pings);
  const all = medianWithInterval(added);
  if (all === undefined) return undefined;
  const [value, low, high] = [all.value, all.low - below, all.high + above].map((time) => time / pings.passes);
  return { value: value ?? 0, low: low ?? 0, high: high ?? 0, samples: added.length };
}

/** A ping meets an empty queue and waits for one slot, whatever its length: any time between the two is right. */
export function slotDose(fault: Extract<Fault, { type: 'slot' }>, pings: Passed, packets: number): Dose | undefined {
  const measured = medianAdded(pings);
  if (measured === undefined) return undefined;
  const { samples, value, low, high } = measured;
  const { minMs, maxMs } = fault;
  const near = high + leastToleranceMs >= minMs && low - leastToleranceMs <= maxMs;
  return {
    ...requestedDose(fault),
    measured: { value, low, high, unit: 'ms' },
    samples,
    ok: packets > 0 && samples >= fewestPings && near,
  };
}

/** The share of passes that were not held. */
export function reorderingDose(fault: Extract<Fault, { type: 'reorder' }>, pings: Passed, packets: number): Dose | undefined {
  const { delayMs } = fault;
  const { added } = addedTimes(pings);
  if (added.length === 0) return undefined;
  const heldIn = (time: number): number => Math.min(pings.passes, Math.max(0, Math.round(time / delayMs)));
  const held = added.reduce((sum, time) => sum + heldIn(time), 0);
  const passes = added.length * pings.passes;
  const dose = shareDose(fault, { happened: passes - held, of: passes, packets });
  // Where nothing is held, nothing is overtaken either.
  return { ...dose, ok: dose.ok && held > 0 };
}

/**
 * The share of corrupted pings that are lost at least, where they carry no data. On the way out the peer's kernel looks at the checksums: a
 * bit of the source's hardware address, or of IPv6's flow label, hurts nobody. On the way in the Ethernet header has been read already, and
 * fping reads a raw socket, whose packets no kernel need have looked at: of the 62 bytes of Ethernet, IPv6 and ICMP it notices 24.
 */
const leastSeenCorruption: Record<Direction, number> = { egress: 0.8, ingress: 0.35, both: 0.5 };

/** A ping is lost to whatever else loses packets on its way, too: what was lost besides is not told from it. */
export function corruptionDose(
  fault: Extract<Fault, { type: 'corrupt' }>,
  pings: Passed,
  packets: number,
  direction: Direction,
): Dose | undefined {
  const { answered, lost } = totals(pings);
  const sent = answered + lost;
  if (sent === 0) return undefined;
  // A ping that passes twice survives twice.
  const lostInOne = 1 - (answered / sent) ** (1 / pings.passes);
  return shareDose(fault, { happened: lostInOne * sent, of: sent, packets, leastSeen: leastSeenCorruption[direction] });
}

export function duplicationDose(fault: Extract<Fault, { type: 'duplicate' }>, pings: Passed, packets: number): Dose | undefined {
  const { answered, duplicates } = totals(pings);
  if (answered === 0) return undefined;
  const copiesInOne = (1 + duplicates / answered) ** (1 / pings.passes) - 1;
  return shareDose(fault, { happened: Math.min(1, copiesInOne) * answered, of: answered, packets });
}

/** Of the peers that answered before. */
function totals({ baseline, counts }: PingFacts): PingCount {
  const sum: PingCount = { answered: 0, lost: 0, duplicates: 0 };
  for (const [peer, count] of Object.entries(counts)) {
    if ((baseline[peer] ?? []).length === 0) continue;
    sum.answered += count.answered;
    sum.lost += count.lost;
    sum.duplicates += count.duplicates;
  }
  return sum;
}

type Share = { happened: number; of: number; packets: number; leastSeen?: number };

/** @param leastSeen the share of what happens that a ping shows at least */
function shareDose(fault: Fault, { happened, of, packets, leastSeen = 1 }: Share): Dose {
  const { requested, source } = requestedDose(fault);
  const shown = wilson(happened, of);
  const judged = wilson(happened, of, judgingZ);
  const asked = requested.value / 100;
  return {
    requested,
    measured: { value: (100 * happened) / of, low: 100 * shown.low, high: 100 * shown.high, unit: '%' },
    samples: Math.round(of),
    source,
    ok: packets > 0 && happened > 0 && judged.low <= asked && asked * leastSeen <= judged.high,
  };
}
