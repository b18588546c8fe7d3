import type { ReadinessReason } from '../../server/index.ts';

export type OperatorFacts = {
  /** Milliseconds since the API server last answered about the election. */
  silentMs: number;
  leaseSeconds: number;
  /** Whether the leader has read what is in the store; of whoever stands by, true. */
  storeRead: boolean;
};

/** Why this operator could not lead, or does not work yet; empty when it leads or stands by. */
export function operatorReadiness({ silentMs, leaseSeconds, storeRead }: OperatorFacts): ReadinessReason[] {
  const reasons: ReadinessReason[] = [];
  if (silentMs > leaseSeconds * 1000) {
    const message = `the API server has not answered for ${String(Math.round(silentMs / 1000))} s`;
    reasons.push({ reason: 'StoreSilent', message });
  }
  if (!storeRead) reasons.push({ reason: 'StoreNotRead', message: 'the objects in the store are still being read' });
  return reasons;
}
