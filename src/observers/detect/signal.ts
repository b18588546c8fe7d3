/**
 * Whether an agent can be believed. Counter samples are due every polling interval even without traffic, so an agent that says nothing is
 * gone, not quiet; one whose datagrams are lost underway says too little.
 */

/** How Open vSwitch polls, where a manifest does not say otherwise. */
export const usualPollingMs = 30_000;
const missedPolls = 2.5;
const mostLost = 0.1;
/** So many datagrams must be due before it is told from their loss that an agent is lost. */
const leastDue = 10;

export type Signal = 'good' | 'degraded' | 'lost';

export type AgentRecord = {
  /** Of the agent, or when watching began, where none has come; a monotonic clock, as `nowMs`. */
  lastDatagramMs: number;
  pollingMs: number;
  /** Datagrams of late, by the agent's own sequence numbers. */
  received: number;
  missing: number;
};

/** `lost`, by silence or by more than half of its datagrams, is by itself a reason to abort: nobody would see the harm. */
export function signalOf({ lastDatagramMs, pollingMs, received, missing }: AgentRecord, nowMs: number): Signal {
  if (isSilent({ lastDatagramMs, pollingMs }, nowMs)) return 'lost';
  if (missing > received && received + missing >= leastDue) return 'lost';
  return missing > mostLost * (received + missing) ? 'degraded' : 'good';
}

export function isSilent(
  { lastDatagramMs, pollingMs }: Pick<AgentRecord, 'lastDatagramMs' | 'pollingMs'>,
  nowMs: number,
): boolean {
  return nowMs - lastDatagramMs > lostAfterMs(pollingMs);
}

export function lostAfterMs(pollingMs: number): number {
  return missedPolls * pollingMs;
}
