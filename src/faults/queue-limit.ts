/**
 * How many packets a class may hold back. Too few and a delay turns into loss; too many and a target's faults can eat the
 * node's memory. Both bounds are computed, and what fits neither is refused.
 */
import { SquallError } from '../lib/index.ts';

export const memoryBytesPerTarget = 256 * 1024 * 1024;
/** A segmentation super-packet, the largest thing that a queue without a segmenting parent holds. */
export const largestPacketBytes = 64 * 1024;
const leastLimit = 1000;
/** One super-packet comes in as about 45 segments at once, before any of them can leave. */
const leastNeeded = 128;
const slack = 1.5;
/** Packets a second that are planned for, and the least that must fit, where nobody measured the target's rate. */
const assumedRate = { superPackets: 20_000, segments: 100_000, least: 100 };

export type QueueDemand = {
  key: string;
  /** The longest that a packet is held. */
  delayMs: number;
  packetBytes: number;
  /** The queue holds segments as they go on the wire, not super-packets. */
  segmented: boolean;
  /** Held besides, whatever the limit: what waits for a rate. */
  fixedBytes: number;
};

/**
 * Packets by class key: 1.5 × delay × rate, at least 1000, scaled down together until limit × packet size of the whole target is
 * at most 256 MiB.
 * @param packetsPerSecond what the target sends, where it is known
 * @throws SquallError KernelRefused, DelayNeedsTooMuchMemory, when even delay × rate does not fit
 */
export function queueLimits(demands: readonly QueueDemand[], packetsPerSecond?: number): Map<string, number> {
  const sized = demands.map((demand) => {
    const rate = packetsPerSecond ?? (demand.segmented ? assumedRate.segments : assumedRate.superPackets);
    const needed = Math.max(leastNeeded, Math.ceil((demand.delayMs * (packetsPerSecond ?? assumedRate.least)) / 1000));
    return { ...demand, needed, wanted: Math.max(leastLimit, needed, Math.ceil((slack * demand.delayMs * rate) / 1000)) };
  });
  const bytesOf = (count: 'needed' | 'wanted') =>
    sized.reduce((sum, demand) => sum + demand.fixedBytes + demand[count] * demand.packetBytes, 0);
  const [neededBytes, wantedBytes] = [bytesOf('needed'), bytesOf('wanted')];
  if (neededBytes > memoryBytesPerTarget) {
    const longest = Math.max(...sized.map(({ delayMs }) => delayMs));
    throw new SquallError(
      'KernelRefused',
      `DelayNeedsTooMuchMemory: holding packets back for up to ${String(longest)} ms at ${String(packetsPerSecond ?? assumedRate.least)} packets/s in ${String(sized.length)} classes needs ${String(Math.ceil(neededBytes / 1024 / 1024))} MiB, and a target may use ${String(memoryBytesPerTarget / 1024 / 1024)} MiB; shorten the delay (or the latency of a rate), or end another fault of this target`,
    );
  }
  const share = wantedBytes <= memoryBytesPerTarget ? 1 : (memoryBytesPerTarget - neededBytes) / (wantedBytes - neededBytes);
  return new Map(sized.map(({ key, needed, wanted }) => [key, needed + Math.floor((wanted - needed) * share)]));
}
