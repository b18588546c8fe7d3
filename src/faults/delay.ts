/** Delay: every packet leaves later, by a constant or a random time. */
import type { Fault } from '../api/index.ts';
import { formatDuration, SquallError } from '../lib/index.ts';
import type { FaultPlanner } from './fault-planner.ts';
import { noImpairment } from './impairment.ts';

type Delay = Extract<Fault, { type: 'delay' }>;

/** netem holds jitter in 31 bits of nanoseconds and cuts off what is longer, in silence. */
const longestJitterMs = 2147;

function checkDelay({ delayMs, jitterMs, distribution }: Delay): void {
  if (!(delayMs >= 0) || !Number.isFinite(delayMs) || !(jitterMs >= 0) || (delayMs === 0 && jitterMs === 0)) {
    throw new SquallError(
      'InvalidInput',
      `fault.delay: ${String(delayMs)} ms with jitter ${String(jitterMs)} ms delays nothing; give a positive duration`,
    );
  }
  if (jitterMs > longestJitterMs) {
    throw new SquallError(
      'InvalidInput',
      `fault.jitter: ${String(jitterMs)} ms is more than netem can hold; the most is ${String(longestJitterMs)} ms`,
    );
  }
  if (distribution === 'uniform' && jitterMs > delayMs) {
    throw new SquallError(
      'InvalidInput',
      `fault.jitter: ${String(jitterMs)} ms is more than the delay of ${String(delayMs)} ms, and packets cannot leave before they came; make it ${String(delayMs)} ms at most`,
    );
  }
}

export const delayPlanner: FaultPlanner<Delay> = {
  impairment: (fault) => {
    checkDelay(fault);
    return { ...noImpairment, delayMs: fault.delayMs, jitterMs: fault.jitterMs, distribution: fault.distribution };
  },
  requirements: ({ jitterMs, distribution }) =>
    jitterMs > 0 && distribution !== 'uniform' ? [{ check: 'distribution', distribution }] : [],
  describe: ({ delayMs, jitterMs, distribution }) => {
    const jitter = jitterMs === 0 ? '' : ` jitter ${formatDuration(jitterMs)}`;
    const shape = jitterMs === 0 || distribution === 'uniform' ? '' : ` ${distribution}`;
    return `delay ${formatDuration(delayMs)}${jitter}${shape}`;
  },
};
