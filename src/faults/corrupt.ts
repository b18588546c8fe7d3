/** Corruption: one bit of a packet is turned over. */
import type { Fault } from '../api/index.ts';
import { checkPercent, type FaultPlanner } from './fault-planner.ts';
import { noImpairment } from './impairment.ts';

type Corruption = Extract<Fault, { type: 'corrupt' }>;

/**
 * `percent` (0.00001 to 100) of the packets, each by itself, get one bit turned over, anywhere from the Ethernet header to the last byte of
 * the packet. Nearly always a checksum catches it: the receiver drops the packet and counts it (TCP: InCsumErrors), so an
 * application sees loss. The few bits that no checksum covers (the source's hardware address) change nothing.
 */
export const corruptPlanner: FaultPlanner<Corruption> = {
  impairment: ({ percent }) => ({ ...noImpairment, corruptPercent: checkPercent('corrupt', percent) }),
  requirements: () => [{ check: 'capability', capability: 'tbf' }],
  describe: ({ percent }) => `corrupt ${String(percent)}%`,
};
