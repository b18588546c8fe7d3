import type { ReadinessReason } from '../../server/index.ts';

export type ObserverFacts = {
  /** Whether it watches, or stands by. */
  leads: boolean;
  /** Milliseconds since the API server last answered about the election. */
  silentMs: number;
  leaseSeconds: number;
};

/** Why what monitors see is not told by this observer; empty when it is. @param collectorFailure why its collector could not be opened */
export function observerReadiness(
  { leads, silentMs, leaseSeconds }: ObserverFacts,
  collectorFailure?: string,
): ReadinessReason[] {
  const reasons: ReadinessReason[] = [];
  if (silentMs > leaseSeconds * 1000) {
    const message = `the API server has not answered for ${String(Math.round(silentMs / 1000))} s`;
    reasons.push({ reason: 'StoreSilent', message });
  } else if (!leads) {
    reasons.push({ reason: 'StandingBy', message: 'another observer watches, or watched until a moment ago' });
  }
  if (collectorFailure !== undefined) reasons.push({ reason: 'CollectorNotOpen', message: collectorFailure });
  return reasons;
}
