/** Partition: nothing gets through. */
import type { Fault } from '../api/index.ts';
import type { FaultPlanner } from './fault-planner.ts';
import { noImpairment } from './impairment.ts';

type Partition = Extract<Fault, { type: 'partition' }>;

/**
 * Every packet is lost, in both directions unless the shaper names one, without a word to the sender: it sees silence, as when a cable is
 * cut. Neighbour discovery and what else is excluded by default go on.
 */
export const partitionPlanner: FaultPlanner<Partition> = {
  impairment: () => ({ ...noImpairment, loss: { kind: 'independent', percent: 100 } }),
  requirements: () => [{ check: 'capability', capability: 'tbf' }],
  describe: () => 'partition',
};
