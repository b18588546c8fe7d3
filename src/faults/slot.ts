/** Slots: packets leave in bursts, as from a link that speaks only now and then (Wi-Fi, DOCSIS). */
import type { Fault } from '../api/index.ts';
import { formatDuration, SquallError } from '../lib/index.ts';
import type { FaultPlanner } from './fault-planner.ts';
import { noImpairment } from './impairment.ts';

type Slot = Extract<Fault, { type: 'slot' }>;

/**
 * Slots come `value` to `max` (1 µs to 274 s) apart, uniformly; what has come since the last one leaves together. A packet that comes into
 * an empty queue waits for a whole slot.
 */
export const slotPlanner: FaultPlanner<Slot> = {
  impairment: ({ minMs, maxMs }) => {
    if (!(minMs > 0) || !(maxMs >= minMs) || !Number.isFinite(maxMs)) {
      throw new SquallError(
        'InvalidInput',
        `fault.slot: ${String(minMs)} to ${String(maxMs)} ms are no times between slots; give a positive value and a max that is not less`,
      );
    }
    return { ...noImpairment, slots: { minMs, maxMs } };
  },
  requirements: () => [],
  describe: ({ minMs, maxMs }) => `slot ${formatDuration(minMs)} to ${formatDuration(maxMs)}`,
};
