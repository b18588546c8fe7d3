/** Which destinations a fault hurts, as sets that can be intersected and asked. */
import type { FaultWork, Peers } from '../api/index.ts';
import {
  type AddressRange,
  families,
  type Family,
  familyOf,
  intersectRanges,
  joinRanges,
  parseBlock,
  parseBlocks,
} from './addresses.ts';

/** `all` is every destination of both families; an empty family is never hurt. */
export type Selection = 'all' | Record<Family, AddressRange[]>;

export function selectionOf(peers: Peers): Selection {
  if (peers === 'all') return 'all';
  return { ipv4: parseBlocks(peers.ipv4, 'ipv4'), ipv6: parseBlocks(peers.ipv6, 'ipv6') };
}

export function intersectSelections(a: Selection, b: Selection): Selection {
  if (a === 'all') return b;
  if (b === 'all') return a;
  return { ipv4: intersectRanges(a.ipv4, b.ipv4), ipv6: intersectRanges(a.ipv6, b.ipv6) };
}

/** Whether every destination of `a` is one of `b`. */
export function isWithin(a: Selection, b: Selection): boolean {
  if (b === 'all') return true;
  if (a === 'all') return false;
  return families.every((family) => isSame(joinRanges(intersectRanges(a[family], b[family])), joinRanges(a[family])));
}

function isSame(a: readonly AddressRange[], b: readonly AddressRange[]): boolean {
  return a.length === b.length && a.every(({ first, last }, index) => b[index]?.first === first && b[index].last === last);
}

export function isEmptySelection(selection: Selection): boolean {
  return selection !== 'all' && families.every((family) => selection[family].length === 0);
}

export function selects(selection: Selection, address: string): boolean {
  if (selection === 'all') return true;
  const family = familyOf(address);
  const { first } = parseBlock(address, family);
  return selection[family].some((range) => range.first <= first && first <= range.last);
}

/** Families in which a selection has a destination; undefined when it holds in both without asking. */
export function familiesOf(selection: Selection): Family[] | undefined {
  return selection === 'all' ? undefined : families.filter((family) => selection[family].length > 0);
}

/** The addresses that no fault of a namespace hurts, by family, as sorted blocks. */
export function exclusionsOf(works: readonly FaultWork[]): Record<Family, AddressRange[]> {
  const excluded = works.flatMap((work) => work.excluded);
  const of = (family: Family) =>
    parseBlocks(
      excluded.filter((address) => familyOf(address) === family),
      family,
    );
  return { ipv4: of('ipv4'), ipv6: of('ipv6') };
}
