import { isDeepStrictEqual } from 'node:util';
import { haltReason, type NodeTask } from '../api/index.ts';
import { initialState, type RunEvent, type RunState, step } from '../experiment/index.ts';
import { codeOf, messageOf, SquallError } from '../lib/index.ts';
import { type Cache, keyText, type ObjectKey, type Stored } from '../store/index.ts';
import { createTargetClaims, hurtUids, isHurting } from './active-runs.ts';
import { type Checkpoint, checkpointOf } from './checkpoint.ts';
import { followEveryMs, followPeers, hasMovingPeers } from './follow-peers.ts';
import { gatherFacts } from './gather.ts';
import { entriesOfKernels, entriesOfStep, entriesOfTargets, expectedEnd } from './journal-entries.ts';
import type { LeaseKeeper } from './lease-keeper.ts';
import { collect } from './measurements.ts';
import { type Memory, type MemoryOptions, remember } from './remember.ts';
import { experiments } from './resources.ts';
import { type ExperimentObject, statusOf } from './run-status.ts';
import type { Signals } from './signals/watch-signals.ts';
import { withoutSkipped } from './skipped-nodes.ts';
import { leaseName } from './task-plan.ts';
import { entriesOfTraffic } from './traffic-entries.ts';
import { applyTasks, deleteTasks } from './task-writer.ts';
import type { ReconcileResult } from './work-queue.ts';
import { writeStatus } from './write-status.ts';

/** Aborts the run that carries it; the value says why. */
export const abortAnnotation = 'squall.networkmachinery.io/abort';
/** Values that are reasons themselves; any other is the message of an `AbortRequested`. */
const abortReasons = new Map([
  ['Stopped', 'squall serve was told to end'],
  ['Replaced', 'the next run of its schedule takes its place'],
]);

/** How often a run that waits is looked at again. */
const heldMs = 200;
/** With this, 20 s of measurements in the tasks' statuses, and a takeover in half of that, no second is lost. */
const checkpointEveryMs = 5000;

export type RunReconcilerOptions = Omit<MemoryOptions, 'claims'> & {
  experiments: Cache<ExperimentObject>;
  leases: LeaseKeeper;
  /** What the monitors say that may abort a run; without it a run that is armed by one does not begin. */
  signals?: Pick<Signals, 'of' | 'monitorsIn'>;
  /** Milliseconds since 1970 that never go back while this process lives. */
  steadyNow: () => number;
  /** True while no run is to begin that was not begun. @default never */
  isHeld?: () => boolean;
  /** Who halts everything and why: while it says so, runs are aborted, and new ones are refused. @default nobody */
  haltedBy?: () => string | undefined;
  /** Called whenever a run that is over is looked at, also one of a former life; what it rejects with makes it be called again. */
  onDone?: (run: Stored<ExperimentObject>) => Promise<void>;
  /** Called once nothing is done any more for a run that was deleted, in whatever phase: what is kept by its uid can go. */
  onForgotten?: (uid: string) => void;
  /** Whether the kernels of the agents go into the journal; where there is but one, whoever opens the journal says it. @default false */
  recordsKernels?: boolean;
};

type Options = RunReconcilerOptions & Pick<MemoryOptions, 'claims'>;

/** Drives each NetworkExperiment by the run machine: gather, decide, persist, then act. Idempotent; one writer of the status. */
export function createRunReconciler(given: RunReconcilerOptions): (key: ObjectKey) => Promise<ReconcileResult> {
  const options: Options = { ...given, claims: createTargetClaims(given.experiments, given.clock) };
  /** By key: what is remembered of a run goes with the object that has its name. */
  const memories = new Map<string, Memory>();
  /** By key: the uid of the run that was looked at last, also of one that is over. */
  const known = new Map<string, string>();

  return async (key) => {
    const object = options.experiments.get(key);
    await forget(key, object?.metadata.uid);
    if (!object) return {};
    if (object.status?.run.phase === 'done') return await tidy(key, object);
    if (waits(options, object)) return { requeueAfterMs: heldMs };
    const memory = memories.get(keyText(key)) ?? (await remember(options, object));
    memories.set(keyText(key), memory);
    if (lags(object, memory)) return { requeueAfterMs: 50 };
    return await advance(options, object, memory);
  };

  /** A run is gone, or replaced: so is the permission to hurt anything for it. The agent undoes when its tasks are deleted. */
  async function forget(key: ObjectKey, present: string | undefined): Promise<void> {
    const { namespace, name } = key;
    const text = keyText(key);
    if (memories.get(text)?.uid !== present) memories.delete(text);
    const former = known.get(text);
    const gone = former === undefined || former === present ? [] : [former];
    const orphans = options.tasks
      .list()
      .filter(({ spec: { run } }) => run.namespace === namespace && run.name === name && run.uid !== present);
    for (const uid of new Set([...gone, ...orphans.map(({ spec }) => spec.run.uid)])) {
      await options.leases.drop(leaseName(uid));
    }
    await deleteTasks(options.store, orphans);
    for (const uid of gone) {
      const faults = orphans.filter(({ spec }) => spec.run.uid === uid && spec.work === 'fault' && spec.order === 'apply');
      options.claims.forget(uid, Math.max(0, ...faults.map(({ spec }) => spec.lease.seconds * 1000)));
      options.onForgotten?.(uid);
    }
    if (present === undefined) known.delete(text);
    else known.set(text, present);
  }

  async function tidy(key: ObjectKey, object: Stored<ExperimentObject>): Promise<ReconcileResult> {
    const { uid } = object.metadata;
    memories.delete(keyText(key));
    await options.leases.drop(leaseName(uid));
    // An undo that could not be proven stays ordered: its tasks are kept until the agent has shown that they are clean.
    const own = tasksOf(options, uid);
    await deleteTasks(
      options.store,
      own.filter((task) => task.spec.work !== 'fault' || isTaskClean(task)),
    );
    await options.onDone?.(object);
    // What the agent shows of a task that is kept wakes this again; of a node that never comes back there is nothing to ask.
    return {};
  }
}

/** A run that is to be aborted is begun all the same, so that it gets its verdict. */
function waits({ isHeld = () => false }: RunReconcilerOptions, { status, metadata }: Stored<ExperimentObject>): boolean {
  return status === undefined && metadata.annotations?.[abortAnnotation] === undefined && isHeld();
}

/** Whether its agent has shown that nothing of it is left. */
export function isTaskClean({ status }: NodeTask): boolean {
  return (
    status?.residue === 0 && status.targets.every(({ phase }) => phase === 'Clean' || phase === 'Lost' || phase === 'Refused')
  );
}

function tasksOf({ tasks }: RunReconcilerOptions, uid: string): Stored<NodeTask>[] {
  return tasks.list().filter(({ spec }) => spec.run.uid === uid);
}

async function advance(options: Options, object: Stored<ExperimentObject>, memory: Memory): Promise<ReconcileResult> {
  const { uid, namespace = 'default', name } = object.metadata;
  const tasks = new Map(tasksOf(options, uid).map((task) => [task.metadata.name, task]));
  collect(memory.measurements, [...tasks.values()], memory.measuredUpTo);
  const now = options.steadyNow();
  const before = object.status?.run ?? initialState(now);
  const expected = withoutSkipped(memory.expected, before.skipped);
  for (const entry of entriesOfTargets(memory.seenTargets, expected, tasks)) memory.journal.append(entry);

  const prior = eventsOf(options, object, memory, before).reduce(
    (state, event) => step(memory.plan, state, event, now).state,
    before,
  );
  const signals = options.signals?.of(memory.plan.abort, { namespace, uid }) ?? [];
  const facts = gatherFacts(memory.plan, prior, expected, tasks, memory.measurements, signals, now);
  const decision = step(memory.plan, prior, { type: 'facts', facts }, now);

  if (options.recordsKernels && before.phase === 'preflight' && decision.state.phase !== 'preflight') {
    for (const entry of entriesOfKernels(expected, tasks)) memory.journal.append(entry);
  }
  if (decision.state.phase === 'done') {
    for (const entry of entriesOfTraffic(uid, options.signals?.monitorsIn(namespace) ?? [])) memory.journal.append(entry);
  }
  for (const entry of entriesOfStep(memory.plan, before, decision.state, expected, tasks, signals)) memory.journal.append(entry);
  const measured = measuredBy(options, object, memory, decision.state, decision.state !== before);
  if (decision.state !== before || measured !== object.status?.measured) {
    await persist(options, object, memory, decision.state, measured);
    if (!isHurting(decision.state)) options.claims.release(uid);
    else if (decision.state.skipped !== before.skipped) {
      options.claims.claim({ uid, namespace, name, podUids: hurtUids(memory.targets, decision.state.skipped) });
    }
  }
  memory.first = undefined;

  if (decision.effects.fault === 'apply') {
    const lease = expected.fault[0]?.spec.lease;
    if (lease) await options.leases.hold(lease.name, lease.seconds);
  }
  await applyTasks(
    options.store,
    withoutSkipped(memory.expected, decision.state.skipped),
    decision.effects,
    decision.state,
    memory.plan,
    tasks,
  );
  const { wakeAt } = decision.effects;
  const followMs = decision.effects.fault === 'apply' ? follow(options, memory, [...tasks.values()]) : undefined;
  const waits = [wakeAt === undefined ? [] : [Math.max(0, wakeAt - options.steadyNow())], followMs ?? []].flat();
  return waits.length === 0 ? {} : { requeueAfterMs: Math.min(...waits) };
}

/**
 * Begins to look at whom the fault hurts, where that is due, and says in how many milliseconds it is to be done again. A store that answers slowly
 * must not hold up the decisions about the run; what failed is thrown at the next look.
 */
function follow({ store, clock }: RunReconcilerOptions, memory: Memory, tasks: readonly Stored<NodeTask>[]): number | undefined {
  const { request, following } = memory;
  if (request === undefined || !hasMovingPeers(request) || !tasks.some(({ spec }) => spec.work === 'fault')) return undefined;
  const sinceMs = clock.monotonic() - memory.followedAt;
  if (following.isRunning || sinceMs < followEveryMs) return Math.max(1, followEveryMs - sinceMs);
  memory.followedAt = clock.monotonic();
  const { error } = following;
  following.error = undefined;
  following.isRunning = true;
  void followPeers(store, request, tasks)
    .catch((failure: unknown) => {
      following.error = new SquallError(codeOf(failure), `peers could not be followed: ${messageOf(failure)}`, {
        cause: failure,
      });
    })
    .finally(() => {
      following.isRunning = false;
    });
  if (error !== undefined) throw error;
  return followEveryMs;
}

/** What the status is to say of the measurements: the newest, whenever it is written, and every few seconds while some are added. */
function measuredBy(
  { takeover, clock }: RunReconcilerOptions,
  { status }: Stored<ExperimentObject>,
  memory: Memory,
  { phase, windows: { during } }: RunState,
  isWritten: boolean,
): Checkpoint | undefined {
  if (takeover !== 'continue' || during === undefined || phase === 'done') return undefined;
  const now = clock.monotonic();
  if (!isWritten && now - memory.checkpointAt < checkpointEveryMs) return status?.measured;
  memory.checkpointAt = now;
  const streams = memory.expected.probe.flatMap(({ spec }) => spec.probe?.streams ?? []);
  const measured = checkpointOf(memory.measurements, memory.measuredUpTo, streams, during);
  return isDeepStrictEqual(measured, status?.measured) ? status?.measured : measured;
}

/** What happened to the run besides what can be seen in its tasks. */
function eventsOf(
  options: RunReconcilerOptions,
  object: Stored<ExperimentObject>,
  { first }: Memory,
  state: RunState,
): RunEvent[] {
  const halt = haltOf(options, object, state);
  // Where nothing is to begin, what stands in the way of beginning does not matter.
  const events: RunEvent[] = [halt?.type === 'refused' ? halt : [], first ?? [], halt?.type === 'abort' ? halt : []].flat();
  const reason = object.metadata.annotations?.[abortAnnotation];
  if (reason !== undefined && !state.ending) {
    const message = abortReasons.get(reason);
    events.push({ type: 'abort', reason: message === undefined ? 'AbortRequested' : reason, message: message ?? reason });
  }
  return events;
}

/** A run that has not been looked at is refused; one that was begun is aborted. */
function haltOf(
  { haltedBy = () => undefined }: RunReconcilerOptions,
  { status }: Stored<ExperimentObject>,
  { ending }: RunState,
): Extract<RunEvent, { type: 'refused' | 'abort' }> | undefined {
  const message = haltedBy();
  if (message === undefined || ending) return undefined;
  return { type: status === undefined ? 'refused' : 'abort', reason: haltReason, message };
}

async function persist(
  options: RunReconcilerOptions,
  object: Stored<ExperimentObject>,
  memory: Memory,
  state: RunState,
  measured: Checkpoint | undefined,
): Promise<void> {
  const parts = {
    generation: object.metadata.generation ?? 1,
    seed: memory.seed,
    targets: memory.targets,
    addresses: memory.addresses,
    faultTasks: memory.expected.fault,
    endsAt: expectedEnd(memory.plan, state),
    ...(measured === undefined ? {} : { measured }),
  };
  const status = statusOf(state, parts, object.status?.conditions ?? [], options.clock.now());
  const { replaced } = await writeStatus(options.store, experiments, object, status);
  for (const version of replaced) memory.replaced.add(version);
  // A status that says the same again would never be seen to be replaced.
  if (replaced.length > 1 && !isDeepStrictEqual(status, object.status)) memory.overtaken = { status: object.status };
}

/** Whether the cache still shows what this process has replaced. */
function lags(object: Stored<ExperimentObject>, memory: Memory): boolean {
  if (memory.replaced.has(object.metadata.resourceVersion)) return true;
  if (memory.overtaken && isDeepStrictEqual(object.status, memory.overtaken.status)) return true;
  memory.overtaken = undefined;
  return false;
}
