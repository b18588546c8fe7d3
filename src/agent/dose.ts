import type { Dose, Fault } from '../api/index.ts';
import { type Interval, medianWithInterval, wilson } from '../probes/index.ts';

/** Round-trip times in milliseconds, by the peer's address. */
export type RttsByPeer = Record<string, readonly number[]>;

export type DoseFacts = {
  /** Pings from the target before and while the fault was active; absent when there was no peer to ping. */
  pings?: { baseline: RttsByPeer; active: RttsByPeer };
  /** Of the kernel: what met the gate; of those offered to the fault's qdiscs, what they dropped. */
  counters?: { packets: number; drops: number; offered: number };
};

/** A false alarm of the judgement is rarer than one in ten thousand; the report shows 95 %. */
const judgingZ = 3.9;
const fewestPings = 5;
const shareTolerance = 0.05;
const leastToleranceMs = 2;

/** What the fault really did, against what was asked; undefined when it cannot be measured (yet). */
export function measureDose(fault: Fault, facts: DoseFacts): Dose | undefined {
  switch (fault.type) {
    case 'delay':
      return facts.pings === undefined ? undefined : delayDose(fault, facts.pings, facts.counters?.packets ?? 0);
    case 'loss':
      return facts.counters === undefined ? undefined : lossDose(fault, facts.counters);
    default:
      return undefined;
  }
}

/**
 * The median of (round-trip time − the same peer's median before). Its interval is that of the order statistics, widened by the
 * widest interval of a baseline, since that is uncertain too.
 */
function delayDose(
  fault: Extract<Fault, { type: 'delay' }>,
  pings: { baseline: RttsByPeer; active: RttsByPeer },
  packets: number,
): Dose | undefined {
  const added: number[] = [];
  let below = 0;
  let above = 0;
  for (const [peer, baseline] of Object.entries(pings.baseline)) {
    const before = medianWithInterval(baseline);
    const active = pings.active[peer];
    // A peer that did not answer before says nothing about what was added.
    if (before === undefined || active === undefined) continue;
    added.push(...active.map((rttMs) => rttMs - before.value));
    below = Math.max(below, before.high - before.value);
    above = Math.max(above, before.value - before.low);
  }
  const measured = medianWithInterval(added);
  if (measured === undefined) return undefined;
  const interval: Interval = { value: measured.value, low: measured.low - below, high: measured.high + above };
  const tolerance = Math.max(leastToleranceMs, fault.delayMs * shareTolerance) + skewMs(fault);
  const near = interval.low - tolerance <= fault.delayMs && fault.delayMs <= interval.high + tolerance;
  return {
    requested: { value: fault.delayMs, unit: 'ms' },
    measured: { ...interval, unit: 'ms' },
    samples: added.length,
    source: 'probe',
    ok: packets > 0 && added.length >= fewestPings && near,
  };
}

/** Pareto tables are skewed: their median lies below the mean that was asked for, by less than one standard deviation. */
function skewMs({ distribution, jitterMs }: Extract<Fault, { type: 'delay' }>): number {
  return distribution === 'pareto' || distribution === 'paretonormal' ? jitterMs : 0;
}

/** The share that the kernel dropped. Nothing dropped proves no dose, however few packets there were. */
function lossDose(
  fault: Extract<Fault, { type: 'loss' }>,
  { packets, drops, offered }: NonNullable<DoseFacts['counters']>,
): Dose {
  const trials = offered / burstFactor(fault);
  const share = offered === 0 ? 0 : drops / offered;
  const shown = wilson(share * trials, trials);
  const judged = wilson(share * trials, trials, judgingZ);
  const asked = fault.percent / 100;
  return {
    requested: { value: fault.percent, unit: '%' },
    measured: { value: share * 100, low: shown.low * 100, high: shown.high * 100, unit: '%' },
    samples: offered,
    source: 'counters',
    ok: packets > 0 && drops > 0 && judged.low <= asked && asked <= judged.high,
  };
}

/**
 * How many packets carry as much evidence as one independent one: losses in bursts are correlated, with 1 − p − r from packet to
 * packet in the Gilbert model (Gilbert, Bell System Technical Journal 1960), r = 1/burst, p = loss/(burst·(1 − loss)).
 */
function burstFactor({ percent, burst }: Extract<Fault, { type: 'loss' }>): number {
  const loss = percent / 100;
  if (burst <= 1 || loss >= 1) return 1;
  const correlation = 1 - loss / (burst * (1 - loss)) - 1 / burst;
  return correlation <= 0 ? 1 : (1 + correlation) / (1 - correlation);
}
