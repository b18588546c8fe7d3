/** What is done to one target of a fault. */
import type { FaultWork } from '../api/index.ts';
import { codeOf, formatInstant, messageOf, SquallError } from '../lib/index.ts';
import type { AgentContext } from './context.ts';
import { startDoseProbe, stopDoseProbe } from './dose-probe.ts';
import { see } from './fault-account.ts';
import type { LeaseTime, Namespace, Removal } from './kernel-driver.ts';
import { findAndPin, hasLost } from './namespaces/pod-namespaces.ts';
import { isOver, mayBeApplied } from './phases.ts';
import { type FaultTarget, move, refuse } from './target-state.ts';

/** Finds the namespace; a target without one is refused, for nothing was done to it. */
export async function locate(context: AgentContext, target: FaultTarget): Promise<void> {
  const { podUid } = target.facts;
  try {
    target.namespace = await findAndPin(context.namespaces, podUid, context.kernel);
    if (target.namespace === undefined) {
      const message = `pod ${podUid} has no network namespace on node ${context.node}`;
      move(context, target, 'Refused', { reason: 'NamespaceNotFound', message });
    }
  } catch (error) {
    refuse(context, target, error);
  }
}

/** Ledger, tree and gate: nothing is hurt by it. Whatever fails is removed again, and the target refused. */
export async function prepareTarget(context: AgentContext, target: FaultTarget, signal: AbortSignal): Promise<void> {
  if (target.namespace === undefined) return;
  try {
    const driver = await context.kernel.prepare(target.namespace, target.work);
    target.status = { ...target.status, driver };
  } catch (error) {
    // Cut off by an order to end: the undo that follows removes whatever there is.
    if (signal.aborted) return;
    if ((await isGone(context, target)) && (await loseTarget(context, target))) return;
    target.status = { ...target.status, reason: codeOf(error), message: messageOf(error) };
    try {
      const { residue } = await context.kernel.remove(target.namespace, target.work.id);
      target.residue = residue;
    } catch (removalError) {
      // A preparation puts back what it has done, or says that it could not: one that could not even begin has left nothing.
      target.residue = codeOf(error) === 'CleanUpIncomplete' ? 1 : 0;
      context.log('error', 'removal after a refusal failed', { fault: target.work.id, error: messageOf(removalError) });
    }
    // With residue it stays Applying, and the undo tries again.
    if (target.residue === 0) refuse(context, target, error);
  }
}

/** The commit point. Rejects as the kernel does. */
export async function commitTarget(context: AgentContext, target: FaultTarget, leftMs: LeaseTime): Promise<void> {
  await hold(context, target, leftMs, 'commit');
  target.activeSince = context.clock.monotonic();
  target.stepSince = target.activeSince;
  target.actingSince = target.activeSince;
  move(context, target, 'Active', { activeAt: formatInstant(context.clock.now()) });
  await startDoseProbe(context, target).catch((error: unknown) => {
    context.log('warn', 'dose probe not started', { fault: target.work.id, error: messageOf(error) });
  });
}

/** A renewal that left the lease less than this share of its time came late, though in time. */
const lateShare = 1 / 3;

/** Renews what is held. Rejects as the kernel does: `LeaseExpired` when it has ended the fault before. */
export async function renewTarget(context: AgentContext, target: FaultTarget, leftMs: LeaseTime): Promise<void> {
  const { heldUntil, heldForMs } = target;
  const { done, late, failed } = target.status.renewals ?? { done: 0, late: 0, failed: 0 };
  try {
    await inTurn(target, async () => {
      await hold(context, target, leftMs, 'renew');
    });
  } catch (error) {
    target.status = { ...target.status, renewals: { done, late, failed: failed + 1 } };
    throw error;
  }
  const isLate = heldUntil - context.clock.monotonic() < lateShare * heldForMs;
  if (isLate) context.log('warn', 'renewed late', { fault: target.work.id, leaseMs: heldForMs });
  target.status = { ...target.status, renewals: { done: done + 1, late: late + (isLate ? 1 : 0), failed } };
}

/**
 * What the kernel holds from then on is the target's present version, or with `exchange` the one that takes its place. The time is counted from
 * the moment that it was asked for, which is before the kernel begins to count.
 */
export async function hold(
  { kernel, clock }: AgentContext,
  target: FaultTarget,
  leftMs: LeaseTime,
  act: 'commit' | 'renew' | { exchange: FaultWork },
): Promise<void> {
  const { namespace, work } = target;
  if (namespace === undefined) throw new SquallError('Internal', `target ${target.facts.podUid} was never located`);
  let [heldUntil, heldForMs] = [target.heldUntil, target.heldForMs];
  const timeoutMs = () => {
    heldForMs = leftMs();
    heldUntil = clock.monotonic() + heldForMs;
    return heldForMs;
  };
  if (typeof act === 'string') await kernel[act](namespace, work.id, timeoutMs);
  else await kernel.exchange(namespace, { ends: work.id, begins: act.exchange.id }, timeoutMs);
  target.heldUntil = heldUntil;
  target.heldForMs = heldForMs;
}

/** Counters, exposure and dose into the status. */
export async function readTarget(context: AgentContext, target: FaultTarget): Promise<void> {
  const { namespace, work } = target;
  if (namespace === undefined) return;
  const reading = await context.kernel.read(namespace, work.id);
  // Another version may have taken its place meanwhile: what was read of this one is read once more when it leaves.
  if (target.work === work) see(context, target, reading);
}

/** A renewal of a lease that another version has taken meanwhile would find it ended: they wait for each other. */
export async function inTurn<T>(target: FaultTarget, work: () => Promise<T>): Promise<T> {
  const result = target.turn.then(work);
  target.turn = result.catch(() => undefined);
  return await result;
}

/** Closes the gate; true when it is known to be closed. */
export async function closeTarget(context: AgentContext, target: FaultTarget, reason: string | undefined): Promise<boolean> {
  if (target.status.phase === 'Applying' || target.status.phase === 'Active') {
    move(context, target, 'Undoing', reason === undefined ? {} : { reason });
  }
  const { namespace } = target;
  if (namespace === undefined) return true;
  try {
    const closed = await Promise.allSettled(versionsOf(target).map(({ id }) => context.kernel.close(namespace, id)));
    for (const one of closed) if (one.status === 'rejected') throw one.reason;
    target.status = { ...target.status, cleanAt: target.status.cleanAt ?? formatInstant(context.clock.now()) };
    return true;
  } catch (error) {
    context.log('warn', 'gate not closed; the kernel ends the lease by itself', {
      fault: target.work.id,
      leaseLeftMs: Math.max(0, Math.round(target.heldUntil - context.clock.monotonic())),
      error: messageOf(error),
    });
    return false;
  }
}

/** The one that acts comes first: whatever becomes of the others, it is closed and removed. */
const versionsOf = ({ others, work }: FaultTarget): FaultWork[] => [work, ...others];

async function removeVersions({ kernel }: AgentContext, target: FaultTarget, namespace: Namespace): Promise<Removal> {
  const removal: Removal = { residue: 0, changedByOthers: [] };
  for (const { id } of versionsOf(target)) {
    const { residue, changedByOthers } = await kernel.remove(namespace, id);
    removal.residue += residue;
    removal.changedByOthers.push(...changedByOthers);
  }
  return removal;
}

/** Removes what is left; true when nothing is. */
export async function removeTarget(context: AgentContext, target: FaultTarget): Promise<boolean> {
  if (target.namespace === undefined || isOver(target.status)) return true;
  try {
    const { residue, changedByOthers } = await removeVersions(context, target, target.namespace);
    target.residue = residue;
    if (changedByOthers.length > 0) target.status = { ...target.status, changedByOthers };
    if (residue > 0) return false;
    // Its namespace may have been seen to be gone meanwhile.
    if (isOver(target.status)) return true;
    const at = formatInstant(context.clock.now());
    move(context, target, 'Clean', { cleanAt: target.status.cleanAt ?? at, undoneAt: at });
    return true;
  } catch (error) {
    if (isOver(target.status)) return true;
    // What could not be removed is there until proven otherwise.
    target.residue = Math.max(1, target.residue);
    context.log('error', 'removal failed', { fault: target.work.id, error: messageOf(error) });
    return false;
  }
}

/** Whether the pod no longer has the namespace that was opened. */
export async function isGone({ namespaces }: AgentContext, { namespace }: FaultTarget): Promise<boolean> {
  return namespace !== undefined && (await hasLost(namespaces, namespace));
}

/**
 * The namespace is gone, and everything of ours with it; the driver still forgets its ledger entry. False when it was not seen for a
 * moment only, and something of ours is left in it.
 */
export async function loseTarget(context: AgentContext, target: FaultTarget): Promise<boolean> {
  await stopDoseProbe(target);
  target.residue = await residueOfLost(context, target);
  if (target.residue > 0) return false;
  if (mayBeApplied(target.status)) {
    const message = `the network namespace of ${target.facts.namespace}/${target.facts.name} is gone`;
    move(context, target, 'Lost', { reason: 'NamespaceGone', message });
  }
  return true;
}

async function residueOfLost(context: AgentContext, target: FaultTarget): Promise<number> {
  if (target.namespace === undefined) return 0;
  try {
    return (await removeVersions(context, target, target.namespace)).residue;
  } catch (error) {
    context.log('warn', 'forgetting a vanished target failed', { fault: target.work.id, error: messageOf(error) });
    // What remains of one that is gone is a file; of one that is there nobody knows.
    return (await isGone(context, target)) ? 0 : Math.max(1, target.residue);
  }
}
