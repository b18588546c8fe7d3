import type { Fault, PreflightCheck } from '../api/index.ts';
import { SquallError } from '../lib/index.ts';
import type { Impairment } from './impairment.ts';

/** What every fault file provides for its own fault. */
export type FaultPlanner<OneFault extends Fault> = {
  /** @throws SquallError InvalidInput when the figures contradict each other */
  impairment(fault: OneFault): Impairment;
  /** What this fault needs besides what all need. */
  requirements(fault: OneFault): PreflightCheck[];
  describe(fault: OneFault): string;
};

/** @throws SquallError InvalidInput */
export function checkPercent(field: string, percent: number): number {
  if (percent > 0 && percent <= 100) return percent;
  throw new SquallError('InvalidInput', `fault.${field}: ${String(percent)} % is not above 0 % and at most 100 %`);
}
