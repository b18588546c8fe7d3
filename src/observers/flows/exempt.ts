/** Packets that a monitor is told to leave out: those of the targets of the very experiment that it may abort. */
import type { Filter } from './filter.ts';

export const addressKeys = ['ipsource', 'ipdestination', 'ip6source', 'ip6destination'] as const;

/** @param addresses in canonical text; @returns a filter that holds for packets to or from one of them, in the outermost layer */
export function touchesAddress(addresses: Iterable<string>): Filter {
  const wanted = new Set<string | number | undefined>(addresses);
  return (fields) => addressKeys.some((key) => wanted.has(fields[key]));
}
