import type { Fault, PreflightCheck } from '../api/index.ts';
import type { Impairment } from './impairment.ts';

/** What every fault file provides for its own fault. */
export type FaultPlanner<OneFault extends Fault> = {
  /** @throws SquallError InvalidInput when the figures contradict each other */
  impairment(fault: OneFault): Impairment;
  /** What this fault needs besides what all need. */
  requirements(fault: OneFault): PreflightCheck[];
  describe(fault: OneFault): string;
};
