/** How the packets of a class can be told: of each of its faults one kind of what it hurts. */
import type { FaultWork } from '../api/index.ts';
import { SquallError } from '../lib/index.ts';
import { type Criterion, criteriaOf, isSpared } from './selection.ts';
import { intersectTraffic, type Traffic } from './traffic.ts';

export type Meeting = { parts: { work: FaultWork; criterion: Criterion }[]; common: Traffic };

/** Each is a rule or two that every packet is asked; beyond this, the gate itself would be felt. */
const mostMeetings = 128;

/**
 * Every choice of one criterion of each fault that a packet can meet at once.
 * @throws SquallError KernelRefused, TooManyOverlaps, beyond 128
 */
export function meetingsOf(faults: readonly FaultWork[]): Meeting[] {
  const everything: Meeting = { parts: [], common: { addresses: 'all' } };
  const meetings = faults.reduce<Meeting[]>(
    (found, work) => {
      const criteria = criteriaOf(work);
      const grown = found.flatMap(({ parts, common }) =>
        criteria.flatMap((criterion) => {
          const met = intersectTraffic(common, criterion);
          return met === undefined ? [] : [{ parts: [...parts, { work, criterion }], common: met }];
        }),
      );
      if (grown.length > mostMeetings) throw tooMany(faults, grown.length);
      return grown;
    },
    [everything],
  );
  return meetings.filter(({ common }) => !isSpared(common, faults));
}

function tooMany(faults: readonly FaultWork[], count: number): SquallError {
  const ids = faults.map(({ id }) => id).join(', ');
  const remedy = faults.length === 1 ? 'give fewer ranges of ports' : 'give fewer ranges of ports, or end one of them';
  return new SquallError(
    'KernelRefused',
    `TooManyOverlaps: a packet can be of ${ids} in ${String(count)} ways by peers and ports, and ${String(mostMeetings)} are the most; ${remedy}`,
  );
}
