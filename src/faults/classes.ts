/**
 * Classes: the sets of faults that can meet in one packet. A packet takes one band, so every such set needs a band of its
 * own whose queue is the composition of its faults.
 */
import type { FaultWork } from '../api/index.ts';
import { SquallError } from '../lib/index.ts';
import { criteriaOf, intersectSelections, isSpared } from './selection.ts';
import type { Traffic } from './traffic.ts';
import { lineageOf } from './versions.ts';

/** Band 1 is everybody's; prio knows at most 16 bands. */
export const firstClassBand = 2;
export const bandCount = 16;
const mostClasses = bandCount - 1;

export const flows = ['egress', 'ingress'] as const;
export type Flow = (typeof flows)[number];

export function flowsOf({ direction }: Pick<FaultWork, 'direction'>): readonly Flow[] {
  return direction === 'both' ? flows : [direction];
}

export type FaultClass = { device: string; flow: Flow; faults: FaultWork[]; selection: Traffic[] };

/** Names a class of a target; stable over planning, whatever the order of the faults. */
export function classKey({ faults, flow }: Pick<FaultClass, 'faults' | 'flow'>): string {
  const ids = faults.map(({ id }) => id).sort();
  return `${flow === 'ingress' ? 'in:' : ''}${ids.join('+')}`;
}

/**
 * Every set of faults on what goes one way through one device that a packet can be of at once, single faults included. Of two versions of
 * one fault only one is held at a time, so that no packet is of both.
 * @throws SquallError KernelRefused, TooManyOverlaps, beyond 15
 */
export function classesOf(device: string, flow: Flow, works: readonly FaultWork[]): FaultClass[] {
  const singles = works
    .filter((work) => work.device === device && flowsOf(work).includes(flow))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .map((work) => ({ device, flow, faults: [work], selection: criteriaOf(work) }));
  const found: FaultClass[] = [];
  const keep = (faultClass: FaultClass) => {
    found.push(faultClass);
    if (found.length > mostClasses) {
      throw new SquallError(
        'KernelRefused',
        `TooManyOverlaps: the ${String(singles.length)} faults on ${flow} of ${device} need more than ${String(mostClasses)} classes, because too many of them can meet in one packet; end one of them, or narrow their peers`,
      );
    }
  };
  singles.forEach(keep);
  let grown: { faultClass: FaultClass; next: number }[] = singles.map((faultClass, index) => ({ faultClass, next: index + 1 }));
  while (grown.length > 0) {
    const larger: typeof grown = [];
    for (const { faultClass, next } of grown) {
      for (const [offset, single] of singles.slice(next).entries()) {
        const faults = [...faultClass.faults, ...single.faults];
        if (new Set(faults.map(lineageOf)).size < faults.length) continue;
        const common = intersectSelections(faultClass.selection, single.selection);
        const selection = common.filter((traffic) => !isSpared(traffic, faults));
        if (selection.length === 0) continue;
        const joined = { device, flow, faults, selection };
        keep(joined);
        larger.push({ faultClass: joined, next: next + offset + 1 });
      }
    }
    grown = larger;
  }
  return found;
}

/**
 * A band for every class: one that has a band keeps it, since packets may be waiting there; the others get the lowest free.
 * @param bands class key → band, as assigned before
 */
export function assignBands(classes: readonly FaultClass[], bands: Readonly<Record<string, number>>): Map<string, number> {
  const keys = classes.map(classKey);
  const assigned = new Map<string, number>();
  const taken = new Set<number>();
  for (const key of keys) {
    const band = bands[key];
    if (band === undefined || taken.has(band)) continue;
    assigned.set(key, band);
    taken.add(band);
  }
  let candidate = firstClassBand;
  for (const key of keys) {
    if (assigned.has(key)) continue;
    while (taken.has(candidate)) candidate += 1;
    taken.add(candidate);
    assigned.set(key, candidate);
  }
  return assigned;
}
