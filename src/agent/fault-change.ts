/** A fault that changes while it is active: what is due, and how it is done to one target. */
import type { Addresses, FaultWork } from '../api/index.ts';
import { versionOfFault } from '../faults/index.ts';
import { messageOf, SquallError } from '../lib/index.ts';
import type { AgentContext } from './context.ts';
import { pingBaseline, startDoseProbe, stopDoseProbe } from './dose-probe.ts';
import { account, actedMs, countPingsAnew } from './fault-account.ts';
import { courseAt, faultAt } from './fault-course.ts';
import { hold, inTurn } from './fault-target.ts';
import type { LeaseTime, Namespace } from './kernel-driver.ts';
import type { FaultTarget } from './target-state.ts';

export type NextVersion = { change: 'version'; present: FaultWork; step: number };
export type DueChange = NextVersion | { change: 'act' } | { change: 'rest' };

/**
 * What of a target is not as it shall be, and when to look again. To rest comes before everything, and to act after the version that is to act.
 * @param asked the fault with its course
 */
export function changeDue(
  target: Pick<FaultTarget, 'present' | 'step' | 'resting'>,
  asked: FaultWork,
  elapsedMs: number,
): { due?: DueChange; nextInMs?: number } {
  const { step, acts, nextInMs } = courseAt(asked, elapsedMs);
  const next = nextInMs === undefined ? {} : { nextInMs };
  // A version for nobody could not be planned: until somebody comes, none is held.
  const isFor = !hurtsNobody(asked);
  if (!(acts && isFor) && !target.resting) return { due: { change: 'rest' }, ...next };
  const present = faultAt(asked, step);
  const differs = JSON.stringify(present) !== JSON.stringify(target.present);
  if (isFor && differs) return { due: { change: 'version', present, step }, ...next };
  return isFor && acts && target.resting ? { due: { change: 'act' }, ...next } : next;
}

const isNone = ({ ipv4, ipv6 }: Addresses): boolean => ipv4.length + ipv6.length === 0;

/** All peers have gone, as pods do. */
function hurtsNobody({ peers }: Pick<FaultWork, 'peers'>): boolean {
  return peers !== 'all' && isNone(peers) && (peers.atPorts ?? []).every(isNone);
}

/** An end to the rest of a pulse. Rejects as the kernel does. */
export async function act(context: AgentContext, target: FaultTarget, leftMs: LeaseTime): Promise<void> {
  await inTurn(target, async () => {
    if (target.status.phase !== 'Active') return;
    await hold(context, target, leftMs, 'commit');
    target.actingSince = context.clock.monotonic();
    setResting(target, false);
  });
  if (!target.resting) await beginProbe(context, target);
}

/** What the kernel has ended before is a fault with a hole in it. */
export async function rest({ clock, kernel }: AgentContext, target: FaultTarget): Promise<void> {
  await inTurn(target, async () => {
    const { namespace, work } = target;
    if (target.status.phase !== 'Active' || namespace === undefined) return;
    const now = clock.monotonic();
    if (now >= target.heldUntil) {
      throw new SquallError('KernelRefused', `LeaseExpired: the kernel had ended fault ${work.id} before its pulse rested`);
    }
    target.actedBefore = actedMs(target, now);
    setResting(target, true);
    await kernel.close(namespace, work.id);
  });
  await stopDoseProbe(target);
}

function setResting(target: FaultTarget, resting: boolean): void {
  target.resting = resting;
  target.status = { ...target.status, resting };
}

/**
 * The next version is prepared beside the one that acts and takes its lease in one transaction; the old one is left among the others. False when
 * it cannot be planned yet beside what is there, as where two faults of one run that need the same peers follow them one after the
 * other: nothing has changed then. Rejects as the kernel does; then nobody knows which version acts, and the target is to be undone.
 */
export async function takePlace(
  context: AgentContext,
  target: FaultTarget,
  { present, step }: NextVersion,
  leftMs: LeaseTime,
): Promise<boolean> {
  const { namespace, work: old } = target;
  if (target.status.phase !== 'Active' || namespace === undefined) return true;
  const next = versionOfFault(present, target.versions + 1);
  target.versions += 1;
  // Known before it is there: an undo that comes meanwhile removes it, too.
  target.others.push(next);
  const isPrepared = await context.kernel.prepare(namespace, next).then(
    () => true,
    (error: unknown) => {
      if (step !== target.step || !isOfPlanning(error)) throw error;
      context.log('warn', 'a fault cannot follow its peers yet', { fault: old.id, error: messageOf(error) });
      return false;
    },
  );
  if (!isPrepared) {
    target.others = target.others.filter((other) => other !== next);
    return false;
  }
  const isExchanged = await inTurn(target, async () => {
    if (target.status.phase !== 'Active') return false;
    if (!target.resting) await hold(context, target, leftMs, { exchange: next });
    target.others = [...target.others.filter((other) => other !== next), old];
    target.work = next;
    return true;
  });
  if (isExchanged) await beginAnew(context, target, namespace, { old, present, step });
  return true;
}

/** Refused before anything was done. */
function isOfPlanning(error: unknown): boolean {
  return /^(NotComposable|TooManyOverlaps|DelayNeedsTooMuchMemory|NameTaken): /.test(messageOf(error));
}

async function beginAnew(
  context: AgentContext,
  target: FaultTarget,
  namespace: Namespace,
  { old, present, step }: Omit<NextVersion, 'change'> & { old: FaultWork },
): Promise<void> {
  await stopDoseProbe(target);
  const reading = await context.kernel.read(namespace, old.id);
  if (step !== target.step) context.log('info', 'a fault took its next step', { fault: old.id, step });
  account(context, target, old, reading, step);
  target.present = present;
  countPingsAnew(target, dosePeersIn(present, target));
  if (!target.resting) await beginProbe(context, target);
}

const dosePeersIn = (work: FaultWork, { facts }: FaultTarget): string[] => work.dosePeers[facts.podUid] ?? [];

/** Of peers that come, the round trips before the fault hurts them; those that it may hurt already say nothing. */
export async function seePeers(
  context: AgentContext,
  target: FaultTarget,
  present: FaultWork,
  signal: AbortSignal,
): Promise<void> {
  const { pings } = target;
  const { peers } = target.present;
  if (pings === undefined || peers === 'all') return;
  const listed = [peers, ...(peers.atPorts ?? [])].flatMap(({ ipv4, ipv6 }) => [...ipv4, ...ipv6]);
  if (!target.resting && listed.some((block) => block.includes('/'))) return;
  const isNew = (address: string) => target.resting || !listed.includes(address);
  const unknown = dosePeersIn(present, target).filter((address) => pings.baseline[address] === undefined && isNew(address));
  if (unknown.length > 0) Object.assign(pings.baseline, await pingBaseline(context, target, unknown, signal));
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
