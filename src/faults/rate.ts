/** Rate: no more than so many bits a second leave. */
import type { Fault } from '../api/index.ts';
import { formatDuration, SquallError } from '../lib/index.ts';
import type { FaultPlanner } from './fault-planner.ts';
import { noImpairment } from './impairment.ts';

type Rate = Extract<Fault, { type: 'rate' }>;

function check({ bitsPerSecond, latencyMs }: Rate): void {
  if (!(bitsPerSecond >= 8) || !Number.isFinite(bitsPerSecond)) {
    throw new SquallError(
      'InvalidInput',
      `fault.rate: ${String(bitsPerSecond)} bit/s is less than a byte a second; give 8bit or more`,
    );
  }
  if (!(latencyMs > 0) || !Number.isFinite(latencyMs)) {
    throw new SquallError('InvalidInput', `fault.latency: ${String(latencyMs)} ms lets no packet wait; give a positive duration`);
  }
}

/**
 * A token bucket (tc-tbf(8)): `value` (8 bit/s to 100 Gbit/s) of frames with their Ethernet headers; TCP carries some 5 % less. What comes
 * faster waits up to `latency` (1 ms to 60 s, default 50 ms) and is dropped beyond, as at a slow link with a short queue.
 */
export const ratePlanner: FaultPlanner<Rate> = {
  impairment: (fault) => {
    check(fault);
    const { bitsPerSecond, latencyMs } = fault;
    return { ...noImpairment, rateLimit: { bitsPerSecond, latencyMs } };
  },
  requirements: () => [{ check: 'capability', capability: 'tbf' }],
  describe: ({ bitsPerSecond, latencyMs }) => `rate ${formatRate(bitsPerSecond)} latency ${formatDuration(latencyMs)}`,
};

function formatRate(bitsPerSecond: number): string {
  const [unit, size] = (
    [
      ['gbit', 1e9],
      ['mbit', 1e6],
      ['kbit', 1e3],
    ] as const
  ).find(([, bits]) => bitsPerSecond >= bits) ?? ['bit', 1];
  return `${String(Number((bitsPerSecond / size).toFixed(3)))}${unit}`;
}
