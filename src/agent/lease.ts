/** Lease arithmetic. Monotonic milliseconds are the agent's own; a renewTime is the renewer's clock, which may differ. */
import type { KubeObject } from '../api/index.ts';

/** The part of a coordination.k8s.io/v1 Lease that counts. */
export type LeaseSpec = { leaseDurationSeconds?: number; renewTime?: string; holderIdentity?: string };
export type LeaseObject = KubeObject<LeaseSpec>;

export type SeenLease = {
  renewTime: string;
  durationMs: number;
  /** Monotonic: no later than this the lease was renewed. */
  freshSince: number;
};

/** How much two clocks' rates may differ; it lets a lateness that was seen once heal, 10 ms a second. */
const rateTolerance = 1.01;

/**
 * A lease as this agent may count on it. The renewer's clock is never compared with ours, but two of its own instants are: a
 * renewal that reaches us late (the API server was away) counts from when it was made, so the bound stays one lease. Only at first
 * sight, with nothing to compare, the age by our wall clock is taken off.
 */
export function seeLease(
  previous: SeenLease | undefined,
  spec: LeaseSpec,
  now: number,
  monotonic: number,
): SeenLease | undefined {
  if (spec.renewTime === undefined || spec.leaseDurationSeconds === undefined) return undefined;
  const { renewTime } = spec;
  if (previous !== undefined && Number.isNaN(Date.parse(renewTime))) return undefined;
  const durationMs = spec.leaseDurationSeconds * 1000;
  if (previous === undefined) {
    const age = Math.max(0, now - Date.parse(renewTime));
    return { renewTime, durationMs, freshSince: monotonic - (Number.isNaN(age) ? Infinity : age) };
  }
  if (renewTime === previous.renewTime) return { ...previous, durationMs };
  const between = Date.parse(renewTime) - Date.parse(previous.renewTime);
  // A renewer whose clock was set back says nothing about when; then it counts from now.
  const madeBy = between > 0 ? previous.freshSince + between * rateTolerance : monotonic;
  return { renewTime, durationMs, freshSince: Math.min(monotonic, madeBy) };
}

/** 0 when it is not there, or no longer fresh. */
export function leaseLeftMs(seen: SeenLease | undefined, monotonic: number): number {
  return seen === undefined ? 0 : Math.max(0, seen.freshSince + seen.durationMs - monotonic);
}

/** What the kernel's lease is set to: the least of the three, in whole milliseconds; 0 means that the fault must end. */
export function kernelTimeoutMs(left: { kernelLeaseMs: number; leaseLeftMs: number; notAfterLeftMs: number }): number {
  return Math.max(0, Math.floor(Math.min(left.kernelLeaseMs, left.leaseLeftMs, left.notAfterLeftMs)));
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
