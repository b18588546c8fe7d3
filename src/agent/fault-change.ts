/** A fault that changes while it is active: what is due, and how it is done to one target. */
import type { Addresses, FaultWork } from '../api/index.ts';
import { versionOfFault } from '../faults/index.ts';
import { formatInstant, messageOf, SquallError } from '../lib/index.ts';
import type { AgentContext } from './context.ts';
import { pingBaseline, startDoseProbe, stopDoseProbe } from './dose-probe.ts';
import { courseAt, faultAt } from './fault-course.ts';
import { doseOf, hold, inTurn, isTold, sumOf } from './fault-target.ts';
import type { LeaseTime, Namespace } from './kernel-driver.ts';
import { type FaultTarget, freshPings } from './target-state.ts';
import { newShaping } from './dose-by-counters.ts';

const mostPastSteps = 32;

export type DueChange = { change: 'version'; present: FaultWork; step: number } | { change: 'act' } | { change: 'rest' };

/** What of a target is not as it shall be, and when to look again. @param asked the fault with its course */
export function changeDue(
  target: Pick<FaultTarget, 'present' | 'step' | 'resting'>,
  asked: FaultWork,
  elapsedMs: number,
): { due?: DueChange; nextInMs?: number } {
  const { step, acts, nextInMs } = courseAt(asked, elapsedMs);
  const present = faultAt(asked, step);
  const next = nextInMs === undefined ? {} : { nextInMs };
  // A version for nobody could not be planned: until somebody comes, none is held.
  if (hurtsNobody(asked)) return target.resting ? next : { due: { change: 'rest' }, ...next };
  if (JSON.stringify(present) !== JSON.stringify(target.present)) return { due: { change: 'version', present, step }, ...next };
  if (acts === target.resting) return { due: { change: acts ? 'act' : 'rest' }, ...next };
  return next;
}

const isNone = ({ ipv4, ipv6 }: Addresses): boolean => ipv4.length + ipv6.length === 0;

/** All peers have gone, as pods do. */
function hurtsNobody({ peers }: Pick<FaultWork, 'peers'>): boolean {
  return peers !== 'all' && isNone(peers) && (peers.atPorts ?? []).every(isNone);
}

/** Rejects as the kernel does; then nobody knows which version acts, and the target is to be undone. */
export async function change(context: AgentContext, target: FaultTarget, due: DueChange, leftMs: LeaseTime): Promise<void> {
  const { namespace } = target;
  if (namespace === undefined || target.status.phase !== 'Active') return;
  if (due.change === 'version') await takePlace(context, target, namespace, due, leftMs);
  else if (due.change === 'act') await act(context, target, leftMs);
  else await rest(context, target, namespace);
}

async function act(context: AgentContext, target: FaultTarget, leftMs: LeaseTime): Promise<void> {
  await inTurn(target, async () => {
    if (target.status.phase !== 'Active') return;
    await hold(context, target, leftMs, 'commit');
    setResting(target, false);
  });
  if (!target.resting) await beginProbe(context, target);
}

/** What the kernel has ended before is a fault with a hole in it. */
async function rest(context: AgentContext, target: FaultTarget, namespace: Namespace): Promise<void> {
  await inTurn(target, async () => {
    if (target.status.phase !== 'Active') return;
    if (context.clock.monotonic() >= target.heldUntil) {
      throw new SquallError(
        'KernelRefused',
        `LeaseExpired: the kernel had ended fault ${target.work.id} before its pulse rested`,
      );
    }
    setResting(target, true);
    await context.kernel.close(namespace, target.work.id);
  });
  await stopDoseProbe(target);
}

function setResting(target: FaultTarget, resting: boolean): void {
  target.resting = resting;
  target.status = { ...target.status, resting };
}

/** The next version is prepared beside the one that acts, takes its lease in one transaction, and the old one leaves in its own time. */
async function takePlace(
  context: AgentContext,
  target: FaultTarget,
  namespace: Namespace,
  { present, step }: Extract<DueChange, { change: 'version' }>,
  leftMs: LeaseTime,
): Promise<void> {
  const { kernel } = context;
  const old = target.work;
  await seePeers(context, target, present);
  if (target.status.phase !== 'Active') return;
  target.versions += 1;
  const next = versionOfFault(present, target.versions);
  // Known before it is there: an undo that comes meanwhile removes it, too.
  target.others.push(next);
  await kernel.prepare(namespace, next);
  const isExchanged = await inTurn(target, async () => {
    if (target.status.phase !== 'Active') return false;
    if (!target.resting) await hold(context, target, leftMs, { exchange: next });
    target.others = [...target.others.filter((other) => other !== next), old];
    target.work = next;
    return true;
  });
  if (!isExchanged) return;
  await stopDoseProbe(target);
  await account(context, target, namespace, { old, present, step });
  if (!target.resting) await beginProbe(context, target);
}

/** What the old version did, by its last counters; and a new account for the one that acts. */
async function account(
  { kernel, clock, log }: AgentContext,
  target: FaultTarget,
  namespace: Namespace,
  { old, present, step }: { old: FaultWork; present: FaultWork; step: number },
): Promise<void> {
  const reading = await kernel.read(namespace, old.id);
  const dose = doseOf({ ...target, work: old }, reading);
  const now = clock.monotonic();
  const lastedMs = now - target.versionSince;
  target.past = sumOf(target.past, reading);
  if (step !== target.step) {
    const { step: number, since } = { step: target.step, since: formatInstant(clock.now() - lastedMs) };
    const past = { step: number, since, effect: old.effect, ...(isTold(dose, lastedMs) ? { dose } : {}) };
    const pastSteps = [...(target.status.pastSteps ?? []), past].slice(-mostPastSteps);
    const { dose: _ofOld, ...status } = target.status;
    target.status = { ...status, step, pastSteps };
    log('info', 'a fault took its next step', { fault: old.id, step });
  }
  target.versionSince = now;
  target.step = step;
  target.present = present;
  target.shaping = newShaping();
  const answering = target.pings === undefined ? [] : dosePeersIn(present, target).filter((one) => target.pings?.baseline[one]);
  if (target.pings !== undefined) target.pings = freshPings(target.pings, answering);
}

const dosePeersIn = (work: FaultWork, { facts }: FaultTarget): string[] => work.dosePeers[facts.podUid] ?? [];

/** Of peers that come, the round trips before the fault hurts them. */
async function seePeers(context: AgentContext, target: FaultTarget, present: FaultWork): Promise<void> {
  const { pings } = target;
  if (pings === undefined) return;
  const unknown = dosePeersIn(present, target).filter((address) => pings.baseline[address] === undefined);
  if (unknown.length > 0) Object.assign(pings.baseline, await pingBaseline(context, target, unknown));
}

async function beginProbe(context: AgentContext, target: FaultTarget): Promise<void> {
  await startDoseProbe(context, target).catch((error: unknown) => {
    context.log('warn', 'dose probe not started', { fault: target.work.id, error: messageOf(error) });
  });
}

/** Old versions go once their last packets have. Rejects when one cannot, or leaves something. */
export async function removeOthers({ kernel }: AgentContext, target: FaultTarget): Promise<void> {
  const { namespace } = target;
  if (namespace === undefined) return;
  for (const old of [...target.others]) {
    const { residue } = await kernel.remove(namespace, old.id);
    if (residue > 0)
      throw new SquallError('KernelRefused', `StepFailed: ${String(residue)} things of an earlier version are left`);
    target.others = target.others.filter((other) => other !== old);
  }
}
