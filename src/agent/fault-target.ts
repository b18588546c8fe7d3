import type { FaultWork, NodeTaskTarget, TargetPhase, TargetStatus } from '../api/index.ts';
import { codeOf, formatInstant, messageOf, SquallError } from '../lib/index.ts';
import { pingOnce, type Prober, startProbers } from '../probes/index.ts';
import type { AgentContext } from './context.ts';
import { type DoseFacts, measureDose } from './dose.ts';
import type { LeaseTime, Namespace } from './kernel-driver.ts';
import { findAndPin, hasLost, withPathOf } from './namespaces/pod-namespaces.ts';
import { advance, isOver, mayBeApplied } from './phases.ts';

/** One target of a fault while it is worked on. Everything that is done to it goes through the functions below. */
export type FaultTarget = {
  readonly facts: NodeTaskTarget;
  readonly work: FaultWork;
  status: TargetStatus;
  residue: number;
  namespace?: Namespace;
  pings?: NonNullable<DoseFacts['pings']> & { active: Record<string, number[]> };
  prober?: Prober;
  /** Monotonic: the earliest that the kernel may end the fault by itself; counted from before the commit or the last renewal. */
  heldUntil: number;
  /** The time that it was given then. */
  heldForMs: number;
};

const driver = 'netem';
/** Smaller than a hypothesis's pings, so that the gate never takes these for exposure. */
const dosePayloadBytes = 40;
const baselinePings = { count: 10, periodMs: 50, timeoutMs: 1000 };
const dosePeriodMs = 200;
const mostPeers = 4;
/** The newest of each peer are kept. */
const mostDoseSamples = 2000;

export function newTarget(facts: NodeTaskTarget, work: FaultWork, at: string): FaultTarget {
  const status: TargetStatus = { podUid: facts.podUid, phase: 'Pending', since: at };
  return { facts, work, status, residue: 0, heldUntil: -Infinity, heldForMs: 0 };
}

export function move(
  context: AgentContext,
  target: FaultTarget,
  phase: TargetPhase,
  facts: Parameters<typeof advance>[3] = {},
): void {
  target.status = advance(target.status, phase, formatInstant(context.clock.now()), facts);
  const { reason, message } = target.status;
  context.log(phase === 'Refused' || phase === 'Lost' ? 'warn' : 'info', `target ${phase}`, {
    target: `${target.facts.namespace}/${target.facts.name}`,
    fault: target.work.id,
    ...(reason === undefined ? {} : { reason }),
    ...(message === undefined ? {} : { error: message }),
  });
}

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

function refuse(context: AgentContext, target: FaultTarget, error: unknown): void {
  move(context, target, 'Refused', { reason: codeOf(error), message: messageOf(error) });
}

/** Ledger, tree and gate: nothing is hurt by it. Whatever fails is removed again, and the target refused. */
export async function prepareTarget(context: AgentContext, target: FaultTarget, signal: AbortSignal): Promise<void> {
  if (target.namespace === undefined) return;
  try {
    await context.kernel.prepare(target.namespace, target.work);
  } catch (error) {
    // Cut off by an order to end: the undo that follows removes whatever there is.
    if (signal.aborted) return;
    target.status = { ...target.status, reason: codeOf(error), message: messageOf(error) };
    try {
      const { residue } = await context.kernel.remove(target.namespace, target.work.id);
      target.residue = residue;
    } catch (removalError) {
      target.residue = 1;
      context.log('error', 'removal after a refusal failed', { fault: target.work.id, error: messageOf(removalError) });
    }
    // With residue it stays Applying, and the undo tries again.
    if (target.residue === 0) refuse(context, target, error);
  }
}

/** Peers that answer through the fault once, not twice: a peer that is hurt as well would add its own delay to the answer. */
export function dosePeersOf(work: FaultWork, podUid: string, targets: readonly NodeTaskTarget[]): string[] {
  const hurt = new Set(targets.flatMap(({ ips }) => ips));
  return (work.dosePeers[podUid] ?? []).filter((address) => !hurt.has(address)).slice(0, mostPeers);
}

/**
 * Round trips before the fault, of a target that nothing was done to yet. It takes a second where a peer is silent, so it is bounded by
 * itself and not among the kernel's operations: renewals of other faults must not wait for it.
 */
export async function measureBaseline(context: AgentContext, target: FaultTarget, signal: AbortSignal): Promise<void> {
  const addresses = target.work.dosePeers[target.facts.podUid] ?? [];
  if (target.work.effect.type !== 'delay' || addresses.length === 0 || target.namespace === undefined) return;
  const { namespace } = target;
  const options = { ...baselinePings, addresses, payloadBytes: dosePayloadBytes };
  try {
    const baseline = await context.pingLimit(
      async () => await withPathOf(context.namespaces, namespace, async (found) => await pingOnce(found, options, signal)),
    );
    target.pings = { baseline, active: Object.fromEntries(addresses.map((address) => [address, []])) };
  } catch (error) {
    if (!signal.aborted) refuse(context, target, error);
  }
}

/** The commit point. Rejects as the kernel does. */
export async function commitTarget(context: AgentContext, target: FaultTarget, leftMs: LeaseTime): Promise<void> {
  await hold(context, target, leftMs, 'commit');
  move(context, target, 'Active', { driver, activeAt: formatInstant(context.clock.now()) });
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
    await hold(context, target, leftMs, 'renew');
  } catch (error) {
    target.status = { ...target.status, renewals: { done, late, failed: failed + 1 } };
    throw error;
  }
  const isLate = heldUntil - context.clock.monotonic() < lateShare * heldForMs;
  if (isLate) context.log('warn', 'renewed late', { fault: target.work.id, leaseMs: heldForMs });
  target.status = { ...target.status, renewals: { done: done + 1, late: late + (isLate ? 1 : 0), failed } };
}

/** The time is counted from the moment that it was asked for, which is before the kernel begins to count. */
async function hold(context: AgentContext, target: FaultTarget, leftMs: LeaseTime, act: 'commit' | 'renew'): Promise<void> {
  const { kernel, clock } = context;
  if (target.namespace === undefined) throw new SquallError('Internal', `target ${target.facts.podUid} was never located`);
  let [heldUntil, heldForMs] = [target.heldUntil, target.heldForMs];
  await kernel[act](target.namespace, target.work.id, () => {
    heldForMs = leftMs();
    heldUntil = clock.monotonic() + heldForMs;
    return heldForMs;
  });
  target.heldUntil = heldUntil;
  target.heldForMs = heldForMs;
}

async function startDoseProbe(context: AgentContext, target: FaultTarget): Promise<void> {
  const { pings, namespace, work } = target;
  if (pings === undefined || namespace === undefined || work.effect.type !== 'delay') return;
  const { delayMs, jitterMs } = work.effect;
  const timeoutMs = Math.ceil(1000 + 2 * delayMs + 4 * jitterMs);
  const prober = await withPathOf(context.namespaces, namespace, (found) =>
    startProbers({
      namespace: found,
      streams: Object.keys(pings.active).map((address) => ({
        id: address,
        hypothesis: '',
        podUid: target.facts.podUid,
        protocol: 'icmp',
        address,
        periodMs: dosePeriodMs,
        timeoutMs,
      })),
      payloadBytes: dosePayloadBytes,
      tcpProbeProgram: context.tcpProbeProgram,
      onSample: ({ stream, rttMs }) => {
        const kept = pings.active[stream];
        // While the gate closes, a ping may meet the fault or not: it proves nothing.
        if (rttMs === undefined || kept === undefined || target.status.phase !== 'Active') return;
        kept.push(rttMs);
        if (kept.length > mostDoseSamples) kept.shift();
      },
    }),
  );
  // The order to undo may have come meanwhile: then nobody would stop it.
  if (target.status.phase !== 'Active') {
    await prober.stop();
    return;
  }
  target.prober = prober;
  void prober.ended.then((end) => {
    if (end.outcome === 'failed') context.log('warn', 'dose probe failed', { fault: work.id, error: end.message });
  });
}

/** Counters, exposure and dose into the status. */
export async function readTarget(context: AgentContext, target: FaultTarget): Promise<void> {
  if (target.namespace === undefined) return;
  const reading = await context.kernel.read(target.namespace, target.work.id);
  const { packets, bytes, drops, exposure } = reading;
  const dose = measureDose(target.work.effect, { pings: target.pings, counters: reading });
  target.status = { ...target.status, counters: { packets, bytes, drops }, exposure, ...(dose === undefined ? {} : { dose }) };
}

/** Closes the gate; true when it is known to be closed. */
export async function closeTarget(context: AgentContext, target: FaultTarget, reason: string | undefined): Promise<boolean> {
  if (target.status.phase === 'Applying' || target.status.phase === 'Active') {
    move(context, target, 'Undoing', reason === undefined ? {} : { reason });
  }
  if (target.namespace === undefined) return true;
  try {
    await context.kernel.close(target.namespace, target.work.id);
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

/** Removes what is left; true when nothing is. */
export async function removeTarget(context: AgentContext, target: FaultTarget): Promise<boolean> {
  if (target.namespace === undefined || isOver(target.status)) return true;
  try {
    const { residue, changedByOthers } = await context.kernel.remove(target.namespace, target.work.id);
    target.residue = residue;
    if (changedByOthers.length > 0) target.status = { ...target.status, changedByOthers };
    if (residue > 0) return false;
    const at = formatInstant(context.clock.now());
    move(context, target, 'Clean', { cleanAt: target.status.cleanAt ?? at, undoneAt: at });
    return true;
  } catch (error) {
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
    return (await context.kernel.remove(target.namespace, target.work.id)).residue;
  } catch (error) {
    context.log('warn', 'forgetting a vanished target failed', { fault: target.work.id, error: messageOf(error) });
    // What remains of one that is gone is a file; of one that is there nobody knows.
    return (await isGone(context, target)) ? 0 : Math.max(1, target.residue);
  }
}

export async function stopDoseProbe(target: FaultTarget): Promise<void> {
  const { prober } = target;
  target.prober = undefined;
  await prober?.stop();
}
