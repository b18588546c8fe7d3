/** Whether the queues of a fault hold what the target sends while they hold it back: what does not fit is lost, which nobody asked for. */

/** Where packets of a fault wait: at most so many, each for at most so long. */
export type QueueRoom = { delayMs: number; packets: number };

/** @param packetsPerSecond what the target was seen to send */
export function queueWarning(queues: readonly QueueRoom[], packetsPerSecond: number): string | undefined {
  const needs = queues.map((queue) => ({ ...queue, needed: (queue.delayMs * packetsPerSecond) / 1000 }));
  const tight = needs.filter(({ needed, packets }) => needed > packets).sort((one, other) => lost(other) - lost(one))[0];
  if (tight === undefined) return undefined;
  const { delayMs, packets, needed } = tight;
  const share = Math.round(lost(tight) * 100);
  return `QueueTooShort: its queue holds ${String(packets)} packets for up to ${String(delayMs)} ms, and at the ${String(Math.round(packetsPerSecond))} packets/s that it moves now ${String(Math.ceil(needed))} would wait: some ${String(share)} % would be lost; shorten the delay, or hurt fewer of its packets`;
}

const lost = ({ packets, needed }: { packets: number; needed: number }): number => 1 - packets / needed;
