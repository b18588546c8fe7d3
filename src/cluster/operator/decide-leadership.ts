/** The part of a coordination.k8s.io Lease that an election depends on. */
export type ElectionLease = {
  /** Empty: released. */
  holderIdentity?: string;
  leaseDurationSeconds?: number;
  /** Only ever compared for equality: it is another machine's clock. */
  renewTime?: string;
  acquireTime?: string;
  leaseTransitions?: number;
};

/** What one candidate knows. Instants are of its own monotonic clock, in milliseconds. */
export type ElectionFacts = {
  identity: string;
  now: number;
  /** A leader that has not renewed for so long must not act any more; shorter than any lease that it wrote. */
  renewWithinMs: number;
  /** When the last write of ours that the server took was sent; absent while somebody else leads. */
  renewedAt?: number;
  /** As it was last read; absent when there is none. */
  lease?: ElectionLease;
  /** When the lease was first seen to say what it says. */
  seenAt: number;
};

export type ElectionStep =
  | { step: 'acquire' | 'renew' }
  | { step: 'wait'; holder: string }
  | { step: 'step-down'; reason: 'NotRenewed' | 'TakenOver'; message: string };

/**
 * What a candidate does now. Pure. It takes a lease over only after having watched it, unchanged, for as long as that lasts: the holder
 * sent its last renewal before anybody could see it, so its own time to renew has ended by then, whatever the wall clocks say.
 */
export function decideLeadership({ identity, now, renewWithinMs, renewedAt, lease, seenAt }: ElectionFacts): ElectionStep {
  const holder = lease?.holderIdentity ?? '';
  if (renewedAt !== undefined) {
    if (now - renewedAt >= renewWithinMs) {
      const message = `the lease was not renewed for ${String(Math.round(now - renewedAt))} ms`;
      return { step: 'step-down', reason: 'NotRenewed', message };
    }
    if (holder !== '' && holder !== identity) {
      return { step: 'step-down', reason: 'TakenOver', message: `the lease is held by ${holder}` };
    }
    return { step: 'renew' };
  }
  // A write of our own whose answer never came: the lease is ours, and nobody else acts.
  if (holder === '' || holder === identity) return { step: 'acquire' };
  return now - seenAt >= (lease?.leaseDurationSeconds ?? 0) * 1000 ? { step: 'acquire' } : { step: 'wait', holder };
}
