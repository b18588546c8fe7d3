/**
 * Versions: a fault that changes while it is held is not changed in the kernel. Its next version is put there beside it, with bands and a lease
 * of its own; one transaction ends the lease of the one and commits the other; and the old one leaves once its last packets have. So
 * nothing that waits is lost, no packet meets half of a change, and what fails leaves what was there.
 */
import type { FaultWork } from '../api/index.ts';

/** More than can be in a kernel at once, and few enough for three digits: an id has at most 32 characters. */
const mostVersions = 36 ** 3;

/** The id that all versions of a fault have in common. */
export function lineageOf({ id, versionOf }: Pick<FaultWork, 'id' | 'versionOf'>): string {
  return versionOf ?? id;
}

/** @param number of changes until then; 0 is the fault as it came */
export function versionOfFault(work: FaultWork, number: number): FaultWork {
  if (number === 0) return work;
  const { id } = work;
  return { ...work, id: `${id}v${(number % mostVersions).toString(36)}`, versionOf: id };
}
