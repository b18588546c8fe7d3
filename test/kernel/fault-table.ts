/** Every fault in every direction: what was asked for against what traffic of a target met, and what other traffic did. */
import type { Direction, Fault } from '../../src/api/index.ts';
import { describeFault, requestedDose } from '../../src/faults/index.ts';
import { runProgram } from '../../src/lib/index.ts';
import { medianWithInterval, wilson } from '../../src/probes/index.ts';
import { addressesOf, delay, loss, type Pair, start, work } from './namespaces.ts';
import { throughputOf } from './throughput.ts';

/** The peer that a filtered fault selects, and one that it leaves out. */
const [selected, other] = [2, 3];
/** Excluded by the fault; never hurt, whatever the filter. */
const excludedPeer = 9;

export const tableFaults: readonly Fault[] = [
  delay(40),
  { type: 'delay', delayMs: 40, jitterMs: 10, distribution: 'uniform' },
  loss(20),
  { type: 'loss', percent: 20, burst: 3 },
  { type: 'duplicate', percent: 20 },
  { type: 'corrupt', percent: 20 },
  { type: 'reorder', percent: 30, gap: 1, delayMs: 20 },
  { type: 'reorder', percent: 25, gap: 5, delayMs: 20 },
  { type: 'slot', minMs: 20, maxMs: 30 },
  { type: 'rate', bitsPerSecond: 4_000_000, latencyMs: 50 },
  { type: 'partition' },
];
export const tableDirections: readonly Direction[] = ['egress', 'ingress', 'both'];
export const tableFilters = ['one peer', 'all peers'] as const;

export type TableCase = { fault: Fault; direction: Direction; filter: (typeof tableFilters)[number] };

export const tableCases: readonly TableCase[] = tableFaults.flatMap((fault) =>
  tableDirections.flatMap((direction) => tableFilters.map((filter) => ({ fault, direction, filter }))),
);

export type TableRow = {
  fault: string;
  direction: Direction;
  family: 'ipv4' | 'ipv6';
  filter: string;
  unit: 'ms' | '%' | 'bit/s';
  requested: number;
  measured: number;
  low: number;
  high: number;
  ok: boolean;
  /** What traffic that is not selected met, where that is more than noise. */
  spared: string[];
};

const familyOf = (address: string): TableRow['family'] => (address.includes(':') ? 'ipv6' : 'ipv4');

/** Puts the fault in, measures both families, and takes it out again: what it left is one sentence each. */
export async function measureCase(
  pair: Pair,
  { fault, direction, filter }: TableCase,
): Promise<{ rows: TableRow[]; left: string[] }> {
  const peers = filter === 'one peer' ? [selected] : 'all';
  await start(pair, work('case', fault, peers, { direction, excluded: addressesOf(excludedPeer) }));
  const unhurt = filter === 'one peer' ? addressesOf(other, excludedPeer) : addressesOf(excludedPeer);
  const found =
    fault.type === 'rate' ? await measureRate(pair, direction, unhurt) : await measurePings(pair, fault, direction, unhurt);
  const { residue, changedByOthers } = await pair.driver.remove(pair.namespace, 'case');
  const name = describeFault(fault);
  return {
    rows: found.map((row) => ({ fault: name, direction, filter, ...row, ...judged(fault, direction, row) })),
    left: [...(residue === 0 ? [] : [`${name}, ${direction}: residue ${String(residue)}`]), ...changedByOthers],
  };
}

type Found = Pick<TableRow, 'family' | 'measured' | 'low' | 'high' | 'spared'>;

/** An emulated machine adds to a time, never takes from it; and a bit that hits nothing that matters hurts nobody. */
const machineMs = 4;
/**
 * Of pings without data, which a raw socket takes whatever their checksum. On the way in their Ethernet header has been read before a bit of it
 * can be turned over, so that less is seen (src/agent/dose-by-pings.ts).
 */
const leastSeenCorruption: Record<Direction, number> = { egress: 0.8, ingress: 0.4, both: 0.55 };
const rateTolerance = 0.1;

function judged(fault: Fault, direction: Direction, { measured, low, high }: Found): Pick<TableRow, 'requested' | 'unit' | 'ok'> {
  const { value, unit } = requestedDose(fault).requested;
  const wide = 2.3 * (high - low);
  if (unit === 'bit/s')
    return { requested: value, unit, ok: measured <= value * (1 + rateTolerance) && measured >= value * (1 - rateTolerance) };
  if (fault.type === 'slot') return { requested: value, unit, ok: high >= fault.minMs && low <= fault.maxMs + machineMs };
  if (unit === 'ms') return { requested: value, unit, ok: measured >= value - 1 - wide && measured <= value + machineMs + wide };
  const least = fault.type === 'corrupt' ? value * leastSeenCorruption[direction] : value;
  return { requested: value, unit, ok: low - wide <= value && high + wide >= least };
}

/** Packets far enough apart that each is decided by itself; overtaking needs some within the delay. */
const spacingMs = { slot: 60, reorder: 5, other: 10 };

async function measurePings(pair: Pair, fault: Fault, direction: Direction, unhurt: readonly string[]): Promise<Found[]> {
  const periodMs = fault.type === 'slot' ? spacingMs.slot : fault.type === 'reorder' ? spacingMs.reorder : spacingMs.other;
  const count = fault.type === 'slot' ? 40 : 300;
  const bytes = fault.type === 'corrupt' ? 0 : 56;
  const options = { count, periodMs, bytes };
  // One after the other where answers are corrupted: one to these with a bit of its number turned over would pass for an answer to those.
  const apart = fault.type === 'corrupt' ? [addressesOf(selected), unhurt] : [[...addressesOf(selected), ...unhurt]];
  const pings: Record<string, Pings> = {};
  for (const addresses of apart) Object.assign(pings, await pingAll(pair.target, addresses, options));
  const spared = unhurt.flatMap((address) => {
    const { times, duplicates } = pings[address] ?? { times: [], duplicates: 0 };
    const answered = times.filter((time) => time !== undefined);
    const middle = medianWithInterval(answered)?.value ?? Infinity;
    return answered.length === count && duplicates === 0 && middle < machineMs
      ? []
      : [`${address}: ${String(count - answered.length)} lost, ${String(duplicates)} twice, median ${String(middle)} ms`];
  });
  const passes = direction === 'both' ? 2 : 1;
  return addressesOf(selected).map((address) => {
    const family = familyOf(address);
    return {
      family,
      spared: spared.filter((text) => familyOf(text.split(': ')[0] ?? '') === family),
      ...shownBy(fault, pings[address], passes),
    };
  });
}

type Pings = { times: (number | undefined)[]; duplicates: number };

function shownBy(
  fault: Fault,
  { times, duplicates }: Pings = { times: [], duplicates: 0 },
  passes: number,
): Pick<Found, 'measured' | 'low' | 'high'> {
  const answered = times.filter((time) => time !== undefined);
  const survived = answered.length / times.length;
  switch (fault.type) {
    case 'delay':
    case 'slot': {
      const { value = NaN, low = NaN, high = NaN } = medianWithInterval(answered) ?? {};
      return { measured: value / passes, low: low / passes, high: high / passes };
    }
    case 'reorder': {
      const held = answered.reduce((sum, time) => sum + Math.min(passes, Math.round(time / fault.delayMs)), 0);
      return share(answered.length * passes - held, answered.length * passes);
    }
    case 'duplicate':
      return share(((1 + duplicates / answered.length) ** (1 / passes) - 1) * answered.length, answered.length);
    case 'loss':
      return share((1 - survived ** (1 / passes)) * times.length, times.length, effective(fault.burst));
    default:
      return share((1 - survived ** (1 / passes)) * times.length, times.length);
  }
}

/** In bursts, one packet carries less evidence: about 1 / (2 × length − 1) of what an independent one does. */
const effective = (burst: number): number => 2 * burst - 1;

/** @param each how many of the counted carry as much evidence as one independent one */
function share(happened: number, of: number, each = 1): Pick<Found, 'measured' | 'low' | 'high'> {
  const { low, high } = wilson(happened / each, of / each);
  return { measured: (100 * happened) / of, low: 100 * low, high: 100 * high };
}

async function pingAll(
  namespace: string,
  addresses: readonly string[],
  { count, periodMs, bytes }: { count: number; periodMs: number; bytes: number },
): Promise<Record<string, Pings>> {
  const options = ['-q', '-C', String(count), '-p', String(periodMs), '-t', '1000', '-i', '0.1', '-b', String(bytes)];
  const { stdout, stderr } = await runProgram(
    'nsenter',
    [`--net=/run/netns/${namespace}`, '--', 'fping', ...options, ...addresses],
    {
      timeoutMs: 120_000,
    },
  );
  const printed = `${stdout}\n${stderr}`;
  const rows = stderr.split('\n').flatMap((line) => {
    const [address, times] = line.split(' : ').map((part) => part.trim());
    if (address === undefined || times === undefined || !/^[\d. -]+$/.test(times)) return [];
    const duplicates = [...printed.matchAll(/^(?:\[[\d.]+\] )?(\S+)\s*: duplicate for/gm)].filter(
      (match) => match[1] === address,
    ).length;
    return [[address, { times: times.split(' ').map((time) => (time === '-' ? undefined : Number(time))), duplicates }] as const];
  });
  return Object.fromEntries(rows);
}

/** Other traffic is far above the rate, and is not held. */
async function measureRate(pair: Pair, direction: Direction, unhurt: readonly string[]): Promise<Found[]> {
  const found: Found[] = [];
  for (const address of addressesOf(selected)) {
    const bits = await throughputOf(pair, address, direction === 'ingress' ? 'to the target' : 'from the target');
    const elsewhere = unhurt.find((one) => familyOf(one) === familyOf(address)) ?? '';
    const free = await throughputOf(pair, elsewhere, direction === 'ingress' ? 'to the target' : 'from the target');
    const spared = free > 6_000_000 ? [] : [`${elsewhere}: ${String(Math.round(free))} bit/s`];
    found.push({ family: familyOf(address), measured: bits, low: bits, high: bits, spared });
  }
  return found;
}
