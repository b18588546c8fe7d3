/** Reordering: some packets leave at once while the others are held, so that they overtake them. */
import type { Fault } from '../api/index.ts';
import { formatDuration, SquallError } from '../lib/index.ts';
import { checkPercent, type FaultPlanner } from './fault-planner.ts';
import { noImpairment } from './impairment.ts';

type Reorder = Extract<Fault, { type: 'reorder' }>;

function check({ percent, gap, delayMs }: Reorder): void {
  checkPercent('reorder', percent);
  if (!(delayMs > 0) || !Number.isFinite(delayMs)) {
    throw new SquallError(
      'InvalidInput',
      `fault.delay: ${String(delayMs)} ms holds nothing back that could be overtaken; give a positive duration`,
    );
  }
  if (percent === 100 && gap === 1) {
    throw new SquallError(
      'InvalidInput',
      'fault.reorder: 100 % of all leave at once, and nobody is overtaken; give less, or a gap',
    );
  }
  if (!Number.isInteger(gap) || gap < 1) {
    throw new SquallError('InvalidInput', `fault.gap: ${String(gap)} is no count of packets; give a whole number from 1`);
  }
}

/**
 * After one that overtook, `gap` − 1 packets (gap 1 to 1000, default 1) are held; then each may leave at once, with the chance `percent`
 * (0.00001 to 100), until one does. All others are held for `delay` (1 µs to 274 s). A packet overtakes only where others were sent within `delay` before it: slow traffic is delayed, not reordered.
 */
export const reorderPlanner: FaultPlanner<Reorder> = {
  impairment: (fault) => {
    check(fault);
    const { percent, gap, delayMs } = fault;
    return { ...noImpairment, reordering: { percent, gap, delayMs } };
  },
  requirements: () => [{ check: 'capability', capability: 'tbf' }],
  describe: ({ percent, gap, delayMs }) =>
    `reorder ${String(percent)}% delay ${formatDuration(delayMs)}${gap === 1 ? '' : ` gap ${String(gap)}`}`,
};
