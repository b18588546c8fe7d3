/** Duplication: packets leave twice. */
import type { Fault } from '../api/index.ts';
import { checkPercent, type FaultPlanner } from './fault-planner.ts';
import { noImpairment } from './impairment.ts';

type Duplication = Extract<Fault, { type: 'duplicate' }>;

/**
 * `percent` (0.00001 to 100) of the packets, each by itself, leave twice, the copy at the same moment. TCP takes the second for a
 * retransmission and drops it; UDP hands both to the application. Kernels refuse it beside any other netem of a device, so that its packets pass
 * through a device of our own.
 */
export const duplicatePlanner: FaultPlanner<Duplication> = {
  impairment: ({ percent }) => ({ ...noImpairment, duplicatePercent: checkPercent('duplicate', percent) }),
  requirements: () => [{ check: 'capability', capability: 'tbf' }],
  describe: ({ percent }) => `duplicate ${String(percent)}%`,
};
