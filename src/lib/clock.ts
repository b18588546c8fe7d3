import { setTimeout as sleep } from 'node:timers/promises';

/** Time as it enters from outside; deciding code receives instants, never a clock. */
export type Clock = {
  /** Milliseconds since 1970 UTC; may jump. For records that people read. */
  now(): number;
  /** Milliseconds since an arbitrary start; never jumps. For leases and time-outs. */
  monotonic(): number;
  /** Rejects with an AbortError when the signal fires first. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
};

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: async (milliseconds, signal) => {
    await sleep(Math.max(0, milliseconds), undefined, signal ? { signal } : {});
  },
};

/** RFC 3339 in UTC with milliseconds, as reports and journals print instants. */
export function formatInstant(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

/** Kubernetes' MicroTime: RFC 3339 in UTC with six decimals. */
export function formatMicroTime(milliseconds: number): string {
  return formatInstant(milliseconds).replace('Z', '000Z');
}
