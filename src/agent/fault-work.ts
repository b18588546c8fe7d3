import { isDeepStrictEqual } from 'node:util';
import type { FaultWork, NodeTaskStatus, NodeTaskTarget } from '../api/index.ts';
import { codeOf, formatInstant, messageOf, SquallError } from '../lib/index.ts';
import type { AgentContext, StoredTask, TaskWork } from './context.ts';
import { dosePeersOf, measureBaseline } from './dose-probe.ts';
import { isFaultGone, isLeaseExpired, reasonOf } from './fault-failures.ts';
import { followCourse } from './fault-following.ts';
import { commitTarget, isGone, locate, loseTarget, prepareTarget, readTarget, renewTarget } from './fault-target.ts';
import { finishUntouched, undoTargets } from './fault-undo.ts';
import { followHosts, lookUpFirst } from './hosts/follow-hosts.ts';
import { type FoundHosts, withFoundHosts } from './hosts/found-hosts.ts';
import { renewalDueInMs } from './lease.ts';
import type { Limiter } from './limiter.ts';
import { createPermission } from './permission.ts';
import { isOver, mayBeApplied } from './phases.ts';
import { createStatusWriter, writeLast } from './status-writer.ts';
import { beginWith, type FaultTarget, move, newTarget } from './target-state.ts';
import { createWake, isAborted, pause, unlessAborted } from './timing.ts';
import { createWorkEnd } from './work-end.ts';

const readEveryMs = 1000;
/** How often all of a fault is compared with its plan. */
const verifyEveryMs = 10_000;
/** On a slow node reading takes at most this share of the time, so that it does not hold up renewals, which wait for it. */
const readShare = 0.25;
/** A renewal that the kernel did not take is tried again after so long. */
const renewRetryMs = 250;

/**
 * Works on one fault task to its end: locate, persist "may be applied", prepare, commit by the lease, hold it, undo. However it
 * ends, every target that may be applied is undone.
 */
export function startFaultWork(context: AgentContext, first: StoredTask, fault: FaultWork): TaskWork {
  const { clock, leases, halts, log } = context;
  const { spec } = first;
  const kernelLeaseMs = spec.lease.seconds * 1000;
  let { generation } = spec;
  const { signal, ...workEnd } = createWorkEnd();
  const { possibleMs, notAfterLeftMs, allowedOrEnd, endIfHalted, haltedBy, shorten } = createPermission(
    context,
    spec,
    workEnd.end,
  );
  const wake = createWake(clock);
  // Writing goes on while undoing, until the work is done.
  const writing = new AbortController();
  const askedOf = (ordered: FaultWork, hosts: FoundHosts, { podUid }: NodeTaskTarget): FaultWork => {
    const asked = withFoundHosts(ordered, hosts, podUid);
    return { ...asked, dosePeers: { [podUid]: dosePeersOf(asked, podUid, spec.targets) } };
  };
  const targets = spec.targets.map((facts) =>
    newTarget(facts, fault, askedOf(fault, new Map(), facts), formatInstant(clock.now())),
  );
  const wakes = targets.map((target) => ({ target, wake: createWake(clock) }));
  /** Undoing of single targets while the others go on. */
  const undoing: Promise<void>[] = [];

  const update = (task: StoredTask) => {
    writer.seen(task);
    if (task.spec.order === 'undo') workEnd.end('Ordered');
    else if (task.spec.generation > generation) {
      // The end becomes known when the last target is active, and peers come and go.
      if (task.spec.fault !== undefined) ask(task.spec.fault);
      generation = task.spec.generation;
      shorten(task.spec.notAfter);
      wake.ring();
    }
  };
  const ask = (now: FaultWork) => {
    const isOther = (['id', 'device', 'direction', 'hosts'] as const).some(
      (field) => !isDeepStrictEqual(now[field], fault[field]),
    );
    if (isOther) {
      log('warn', 'id, device, direction and host names of a running fault cannot be changed; undo it and create another', {
        fault: fault.id,
      });
      return;
    }
    for (const one of wakes) {
      one.target.ordered = now;
      askAnew(one);
    }
  };
  const askAnew = ({ target, wake: bell }: (typeof wakes)[number]) => {
    target.asked = askedOf(target.ordered, target.hosts, target.facts);
    bell.ring();
  };
  const residue = () => targets.reduce((sum, target) => sum + target.residue, 0);
  const status = (): NodeTaskStatus => ({
    observedGeneration: generation,
    targets: targets.map((target) => target.status),
    residue: residue(),
    kernel: context.kernelRelease,
  });
  const writer = createStatusWriter(context, first, { status, reread: update }, writing.signal);
  const stopHearing = leases.onChange((name) => {
    if (name === spec.lease.name) wake.ring();
  });
  const stopWatching = halts.onChange(() => {
    endIfHalted();
    wake.ring();
  });

  const active = () => targets.filter(({ status: { phase } }) => phase === 'Active');
  const each = async <T>(limit: Limiter, chosen: readonly FaultTarget[], act: (target: FaultTarget) => Promise<T>) =>
    await Promise.all(chosen.map((target) => limit(() => act(target))));

  /** Ends a single target, outside the limit that its caller may hold. */
  function giveUp(target: FaultTarget, reason: string, error: unknown): void {
    target.status = { ...target.status, reason, message: messageOf(error) };
    undoing.push(undoTargets(context, [target], undefined, writer.request));
  }

  async function lose(target: FaultTarget): Promise<void> {
    if (await loseTarget(context, target)) return;
    const seen = 'its network namespace was not seen for a moment, and what is in it is undone';
    giveUp(target, 'NamespaceGone', new Error(seen));
  }

  /** Waits for the sweep, for whether everything is halted, and for a fresh lease: what does not come in the lease's length does not come. */
  async function mayBegin(): Promise<boolean> {
    await unlessAborted(context.swept, signal);
    const until = clock.monotonic() + kernelLeaseMs;
    while (!isAborted(signal) && possibleMs() <= 0 && notAfterLeftMs() > 0 && clock.monotonic() < until) {
      await wake.sleep(Math.min(until - clock.monotonic(), notAfterLeftMs()), signal);
    }
    return !isAborted(signal) && allowedOrEnd();
  }

  async function apply(): Promise<void> {
    await each(context.targetLimit, targets, (target) => locate(context, target));
    const located = targets.filter((target) => !isOver(target.status));
    await Promise.all(located.map((target) => lookUpFirst(context, target, signal)));
    if (isAborted(signal)) return;
    for (const target of targets) beginWith(target, askedOf(target.ordered, target.hosts, target.facts));
    const chosen = targets.filter((target) => !isOver(target.status));
    if (chosen.length === 0) return;
    for (const target of chosen) move(context, target, 'Applying');
    // Persist before acting: from here whoever reads the status knows that something may be in the kernel.
    const persisted = await unlessAborted(writer.flush(), signal);
    if (persisted !== 'written') return;
    await Promise.all(chosen.map((target) => measureBaseline(context, target, signal)));
    await each(
      context.targetLimit,
      chosen.filter(({ status: { phase } }) => phase === 'Applying'),
      async (target) => {
        if (!isAborted(signal)) await prepareTarget(context, target, signal);
      },
    );
    const prepared = chosen.filter(({ status: { phase, reason } }) => phase === 'Applying' && reason === undefined);
    await Promise.all(prepared.map(commit));
    writer.request();
  }

  async function commit(target: FaultTarget): Promise<void> {
    if (isAborted(signal) || !allowedOrEnd()) return;
    try {
      await commitTarget(context, target, possibleMs);
    } catch (error) {
      if (await isGone(context, target)) await lose(target);
      else if (allowedOrEnd()) giveUp(target, codeOf(error), error);
    }
  }

  async function keepRenewing(): Promise<void> {
    while (!isAborted(signal) && active().length > 0 && allowedOrEnd()) {
      const dueInMs = (target: FaultTarget) =>
        target.resting ? Infinity : renewalDueInMs(target.heldUntil - clock.monotonic(), possibleMs());
      const due = active().filter((target) => dueInMs(target) === 0);
      // One program each, which the kernel's driver bounds; behind preparations, of many programs each, they would come too late.
      const renewed = await Promise.all(due.map(renew));
      const nextMs = Math.min(possibleMs(), ...active().map(dueInMs));
      if (active().length > 0) await wake.sleep(renewed.includes(false) ? renewRetryMs : Math.max(1, nextMs), signal);
    }
  }

  async function renew(target: FaultTarget): Promise<boolean> {
    if (isAborted(signal) || target.status.phase !== 'Active' || target.resting || possibleMs() <= 0) return true;
    try {
      await renewTarget(context, target, possibleMs);
      return true;
    } catch (error) {
      // Waiting for its turn has used up what was left of the run's lease.
      if (possibleMs() <= 0) return true;
      log('warn', 'renewal failed', { fault: fault.id, error: messageOf(error) });
      // The kernel has ended it; a fault with a hole in it is not the fault that was asked for.
      if (await isGone(context, target)) await lose(target);
      else if (isLeaseExpired(error) || isFaultGone(error)) giveUp(target, reasonOf(error), error);
      else if (clock.monotonic() >= target.heldUntil) giveUp(target, 'RenewalFailed', error);
      return false;
    }
  }

  async function keepReading(): Promise<void> {
    while (!isAborted(signal) && active().length > 0) {
      const started = clock.monotonic();
      await each(context.readLimit, active(), readOrLose);
      writer.request();
      const tookMs = clock.monotonic() - started;
      await pause(clock, Math.max(readEveryMs, tookMs / readShare) - tookMs, signal);
    }
    // No target is left to hold: the renewals need not wait for their time.
    wake.ring();
  }

  async function readOrLose(target: FaultTarget): Promise<void> {
    // Between two versions neither tells the whole.
    if (isAborted(signal) || target.status.phase !== 'Active' || target.changing !== undefined) return;
    try {
      if (await isGone(context, target)) await lose(target);
      else {
        await readTarget(context, target);
        await verify(target);
      }
    } catch (error) {
      log('warn', 'reading failed', { fault: fault.id, error: messageOf(error) });
      // Somebody removed it: nobody is hurt any more, and what was measured before says nothing of now.
      if (!isAborted(signal) && isFaultGone(error)) giveUp(target, 'FaultGone', error);
    }
  }

  /** Its course, and whom its host names lead to, for as long as it is active. */
  function follow(one: (typeof wakes)[number]): void {
    const { target, wake: bell } = one;
    const giveUpTarget = async (error: unknown) => {
      log('warn', 'a change of a fault failed', { fault: fault.id, error: messageOf(error) });
      if (await isGone(context, target)) await lose(target);
      else if (allowedOrEnd()) giveUp(target, reasonOf(error), error);
    };
    const changed = () => {
      wake.ring();
      writer.request();
    };
    const hostsChanged = () => {
      askAnew(one);
    };
    const following = [
      followCourse(context, target, { leftMs: possibleMs, wake: bell, signal, changed, giveUp: giveUpTarget }),
      followHosts(context, target, { signal, changed: hostsChanged }),
    ];
    Promise.all(following).catch((error: unknown) => {
      log('error', 'a fault is no longer followed', { fault: fault.id, error: messageOf(error) });
      if (target.status.phase === 'Active') giveUp(target, codeOf(error), error);
    });
  }

  /** What somebody else has changed is left to them: the fault is no longer the one that was asked for, and ends. */
  async function verify(target: FaultTarget): Promise<void> {
    if (clock.monotonic() - target.verifiedAt < verifyEveryMs || target.namespace === undefined) return;
    const differences = await context.kernel.verify(target.namespace);
    target.verifiedAt = clock.monotonic();
    if (differences.length === 0 || isAborted(signal) || target.status.phase !== 'Active') return;
    const error = new SquallError('KernelRefused', `FaultChanged: somebody else changed it: ${differences.join('; ')}`);
    log('warn', 'a fault was changed by somebody else', { fault: fault.id, error: messageOf(error) });
    giveUp(target, 'FaultChanged', error);
  }

  async function run(): Promise<void> {
    if (spec.order === 'undo') workEnd.end('Ordered');
    endIfHalted();
    try {
      if (await mayBegin()) {
        await apply();
        wakes.forEach(follow);
        // A reading that waits for its turn behind those of other runs must not keep the gate open.
        await Promise.all([keepRenewing(), unlessAborted(keepReading(), signal)]);
      }
    } catch (error) {
      log('error', 'applying failed; everything is undone', { task: first.metadata.name, error: messageOf(error) });
    }
    const touched = targets.filter(({ status: { phase } }) => phase === 'Applying' || phase === 'Active');
    if (workEnd.reason() === 'Halted') for (const target of touched) explain(target, haltedBy());
    await undoTargets(context, touched, workEnd.reason(), writer.request);
    await Promise.all(undoing);
    finishUntouched(context, targets, workEnd.reason(), haltedBy());
    if (workEnd.reason() !== 'TaskDeleted') await writeLast(context, writer);
  }

  const done = run()
    .catch((error: unknown) => {
      log('error', 'fault work failed; the kernel ends what is applied', {
        task: first.metadata.name,
        applied: targets.filter((target) => mayBeApplied(target.status)).length,
        error: messageOf(error),
      });
    })
    .finally(() => {
      stopHearing();
      stopWatching();
      writing.abort();
    });
  return { update, end: workEnd.end, residue, done };
}

/** What has a reason of its own keeps it. */
function explain(target: FaultTarget, message: string | undefined): void {
  if (target.status.reason === undefined && message !== undefined) target.status = { ...target.status, message };
}
