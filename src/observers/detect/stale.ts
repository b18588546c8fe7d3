/** Loss of the signal. Counter samples are due every polling interval even without traffic, so an agent that says nothing is gone, not quiet. */

/** The polling interval of Open vSwitch and of sFlow's own recommendation, where a manifest gives none. */
export const usualPollingMs = 30_000;
const missedPolls = 2.5;

export function staleAfterMs(pollingMs: number): number {
  return missedPolls * pollingMs;
}

/** @param lastDatagramMs of the agent, or when watching began, where none has come; a monotonic clock, as `nowMs` */
export function isStale(lastDatagramMs: number, pollingMs: number, nowMs: number): boolean {
  return nowMs - lastDatagramMs > staleAfterMs(pollingMs);
}
