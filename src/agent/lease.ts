/** Lease arithmetic. Monotonic milliseconds are the agent's own; a renewTime is the renewer's clock, of which only changes count. */
import type { KubeObject } from '../api/index.ts';
import type { Sighting } from '../store/index.ts';

/** The part of a coordination.k8s.io/v1 Lease that counts. */
export type LeaseSpec = { leaseDurationSeconds?: number; renewTime?: string; holderIdentity?: string };
export type LeaseObject = KubeObject<LeaseSpec>;

export type SeenLease = {
  renewTime: string;
  holder: string | undefined;
  durationMs: number;
  /** Monotonic: no later than this it was renewed. */
  madeBefore: number;
  /** Monotonic: what its time is counted from; -Infinity as long as it was only found, and nobody was seen to renew it. */
  freshSince: number;
};

/** How much two clocks' rates may differ; it lets a lateness that was seen once heal, 10 ms a second. */
const rateTolerance = 1.01;

/**
 * A lease as this agent may count on it: from when a renewal was seen. The renewer's clock is never compared with ours, whatever
 * they differ by, but two instants of one renewer are: a renewal that reaches us late (the API server was away) counts from when it
 * was made, so the bound stays one lease. One that was only found there may be of any age; it counts from the next renewal on.
 */
export function seeLease(
  previous: SeenLease | undefined,
  spec: LeaseSpec,
  sighting: Sighting,
  monotonic: number,
): SeenLease | undefined {
  const { renewTime, leaseDurationSeconds, holderIdentity: holder } = spec;
  if (renewTime === undefined || leaseDurationSeconds === undefined || Number.isNaN(Date.parse(renewTime))) return undefined;
  const durationMs = leaseDurationSeconds * 1000;
  if (renewTime === previous?.renewTime) return { ...previous, durationMs };
  const between = previous?.holder === holder && previous ? Date.parse(renewTime) - Date.parse(previous.renewTime) : 0;
  if (previous !== undefined && between > 0) {
    const madeBefore = Math.min(monotonic, previous.madeBefore + between * rateTolerance);
    return { renewTime, holder, durationMs, madeBefore, freshSince: madeBefore };
  }
  // The first renewal, another renewer's, or one by a clock that was set back: nothing says when it was made but that it was seen.
  const freshSince = sighting === 'live' ? monotonic : (previous?.freshSince ?? -Infinity);
  return { renewTime, holder, durationMs, madeBefore: monotonic, freshSince };
}

/** 0 when it is not there, or no longer fresh. */
export function leaseLeftMs(seen: SeenLease | undefined, monotonic: number): number {
  return seen === undefined ? 0 : Math.max(0, seen.freshSince + seen.durationMs - monotonic);
}

export type TimeLeft = { kernelLeaseMs: number; leaseLeftMs: number; notAfterLeftMs: number };

/** What the kernel's lease is set to: the least of the three, in whole milliseconds; 0 means that the fault must end. */
export function kernelTimeoutMs(left: TimeLeft): number {
  return Math.max(0, Math.floor(Math.min(left.kernelLeaseMs, left.leaseLeftMs, left.notAfterLeftMs)));
}

/** Why a fault must end by now, if it must. The last part of a millisecond is no time to the kernel, and so to nobody. */
export function whyOver(left: TimeLeft): 'NotAfter' | 'LeaseExpired' | undefined {
  if (kernelTimeoutMs(left) > 0) return undefined;
  return left.notAfterLeftMs < 1 ? 'NotAfter' : 'LeaseExpired';
}

/** Between computing a lease and looking at it again some time passes; less than this is no difference. */
const tooLongMs = 100;

/**
 * Milliseconds until the kernel's lease has to be renewed: as soon as it has two thirds or less of what it could have, which is at a
 * third of the lease while everything is well. 0 is now. A lease that cannot be lengthened is never due, but one that is longer than it
 * may be is due now.
 */
export function renewalDueInMs(kernelLeftMs: number, possibleMs: number): number {
  if (kernelLeftMs > possibleMs + tooLongMs) return 0;
  return Math.max(0, kernelLeftMs - (2 / 3) * possibleMs);
}
