import type { NodeTask } from '../api/index.ts';
import { initialState, type Plan, type RunEvent, type RunState, step } from '../experiment/index.ts';
import { type Clock, codeOf, messageOf } from '../lib/index.ts';
import { type Cache, keyText, type ObjectKey, type Store, type Stored } from '../store/index.ts';
import { gatherFacts } from './gather.ts';
import { entriesOfStep, entriesOfTargets, type RunJournal } from './journal-entries.ts';
import type { LeaseKeeper } from './lease-keeper.ts';
import { collect, type Measurements } from './measurements.ts';
import { type ExpectedTasks, machinePlan, planRun, type RunTarget } from './plan-run.ts';
import { experiments } from './resources.ts';
import { readRunRequest, readWorld } from './run-request.ts';
import { type ExperimentObject, statusOf } from './run-status.ts';
import { leaseName } from './task-plan.ts';
import { applyTasks, deleteTasks } from './task-writer.ts';
import type { ReconcileResult } from './work-queue.ts';

/** Aborts the run that carries it; the value says why. */
export const abortAnnotation = 'squall.networkmachinery.io/abort';
/** Values that are reasons themselves; any other is the message of an `AbortRequested`. */
const abortReasons = new Map([
  ['Stopped', 'squall serve was told to end'],
  ['Replaced', 'the next run of its schedule takes its place'],
]);

/** How often a run that waits is looked at again. */
const heldMs = 200;

export type RunReconcilerOptions = {
  store: Store;
  experiments: Cache<ExperimentObject>;
  tasks: Cache<NodeTask>;
  leases: LeaseKeeper;
  instance: string;
  clock: Clock;
  /** Milliseconds since 1970 that never go back while this process lives. */
  steadyNow: () => number;
  drawSeed: () => string;
  /** Runs that were created before this instant and never looked at are Aborted instead of begun. @default 0, none */
  abandonedBefore?: number;
  /** True while no run is to begin that was not begun. @default never */
  isHeld?: () => boolean;
  journalOf: (run: { uid: string; namespace: string; name: string }) => RunJournal;
};

/** What the process knows of a run besides its status. It is lost in a restart, and the run is then cut off. */
type Memory = {
  uid: string;
  plan: Plan;
  seed: string;
  targets: RunTarget[];
  expected: ExpectedTasks;
  measurements: Measurements;
  seenTargets: Map<string, string>;
  journal: RunJournal;
  /** Versions of the object that this process has replaced: a cache that still shows one of them lags behind. */
  replaced: Set<string>;
  /** The first event of this life, when it is not simply to look. */
  first?: RunEvent;
};

/** Drives each NetworkExperiment by the run machine: gather, decide, persist, then act. Idempotent; one writer of the status. */
export function createRunReconciler(options: RunReconcilerOptions): (key: ObjectKey) => Promise<ReconcileResult> {
  /** By key: what is remembered of a run goes with the object that has its name. */
  const memories = new Map<string, Memory>();

  return async (key) => {
    const object = options.experiments.get(key);
    await forget(key, object?.metadata.uid);
    if (!object) return {};
    if (object.status?.run.phase === 'done') return await tidy(key, object);
    if (waits(options, object)) return { requeueAfterMs: heldMs };
    const memory = memories.get(keyText(key)) ?? (await remember(options, object));
    memories.set(keyText(key), memory);
    if (memory.replaced.has(object.metadata.resourceVersion)) return { requeueAfterMs: 50 };
    return await advance(options, object, memory);
  };

  /** A run is gone, or replaced: so is the permission to hurt anything for it. The agent undoes when its tasks are deleted. */
  async function forget(key: ObjectKey, present: string | undefined): Promise<void> {
    const { namespace, name } = key;
    if (memories.get(keyText(key))?.uid !== present) memories.delete(keyText(key));
    const orphans = options.tasks
      .list()
      .filter(({ spec: { run } }) => run.namespace === namespace && run.name === name && run.uid !== present);
    for (const uid of new Set(orphans.map(({ spec }) => spec.run.uid))) {
      await options.leases.drop(leaseName(uid));
    }
    await deleteTasks(options.store, orphans);
  }

  async function tidy(key: ObjectKey, object: Stored<ExperimentObject>): Promise<ReconcileResult> {
    const { uid } = object.metadata;
    memories.delete(keyText(key));
    await options.leases.drop(leaseName(uid));
    // An undo that could not be proven stays ordered: its tasks are kept until the agent has shown that they are clean.
    const own = tasksOf(options, uid);
    await deleteTasks(
      options.store,
      own.filter((task) => task.spec.work !== 'fault' || isClean(task)),
    );
    return own.every((task) => task.spec.work !== 'fault' || isClean(task)) ? {} : { requeueAfterMs: 5000 };
  }
}

/** A run that is to be aborted is begun all the same, so that it gets its verdict. */
function waits({ isHeld = () => false }: RunReconcilerOptions, { status, metadata }: Stored<ExperimentObject>): boolean {
  return status === undefined && metadata.annotations?.[abortAnnotation] === undefined && isHeld();
}

function isClean({ status }: NodeTask): boolean {
  return (
    status?.residue === 0 && status.targets.every(({ phase }) => phase === 'Clean' || phase === 'Lost' || phase === 'Refused')
  );
}

function tasksOf({ tasks }: RunReconcilerOptions, uid: string): Stored<NodeTask>[] {
  return tasks.list().filter(({ spec }) => spec.run.uid === uid);
}

async function advance(
  options: RunReconcilerOptions,
  object: Stored<ExperimentObject>,
  memory: Memory,
): Promise<ReconcileResult> {
  const { uid } = object.metadata;
  const tasks = new Map(tasksOf(options, uid).map((task) => [task.metadata.name, task]));
  collect(memory.measurements, [...tasks.values()]);
  for (const entry of entriesOfTargets(memory.seenTargets, memory.expected, tasks)) memory.journal.append(entry);

  const now = options.steadyNow();
  const before = object.status?.run ?? initialState(now);
  const prior = eventsOf(object, memory, before).reduce((state, event) => step(memory.plan, state, event, now).state, before);
  const facts = gatherFacts(memory.plan, prior, memory.expected, tasks, memory.measurements, now);
  const decision = step(memory.plan, prior, { type: 'facts', facts }, now);

  for (const entry of entriesOfStep(memory.plan, before, decision.state, memory.expected, tasks)) memory.journal.append(entry);
  if (decision.state !== before) await persist(options, object, memory, decision.state);
  memory.first = undefined;

  if (decision.effects.fault === 'apply') {
    const lease = memory.expected.fault[0]?.spec.lease;
    if (lease) await options.leases.hold(lease.name, lease.seconds);
  }
  await applyTasks(options.store, memory.expected, decision.effects, decision.state, memory.plan, tasks);
  const { wakeAt } = decision.effects;
  return wakeAt === undefined ? {} : { requeueAfterMs: Math.max(0, wakeAt - options.steadyNow()) };
}

/** What happened to the run besides what can be seen in its tasks. */
function eventsOf(object: Stored<ExperimentObject>, { first }: Memory, state: RunState): RunEvent[] {
  const events: RunEvent[] = first ? [first] : [];
  const reason = object.metadata.annotations?.[abortAnnotation];
  if (reason !== undefined && !state.ending) {
    const message = abortReasons.get(reason);
    events.push({ type: 'abort', reason: message === undefined ? 'AbortRequested' : reason, message: message ?? reason });
  }
  return events;
}

async function persist(
  options: RunReconcilerOptions,
  object: Stored<ExperimentObject>,
  memory: Memory,
  state: RunState,
): Promise<void> {
  const parts = {
    generation: object.metadata.generation ?? 1,
    seed: memory.seed,
    targets: memory.targets,
    faultTasks: memory.expected.fault,
  };
  const status = statusOf(state, parts, object.status?.conditions ?? [], options.clock.now());
  const written = await options.store.updateStatus(experiments, { ...object, status });
  if (written.metadata.resourceVersion !== object.metadata.resourceVersion) memory.replaced.add(object.metadata.resourceVersion);
}

/** Plans a new run, or picks up what is left of one that a former life of this process began. */
async function remember(options: RunReconcilerOptions, object: Stored<ExperimentObject>): Promise<Memory> {
  const { uid, namespace = 'default', name } = object.metadata;
  const journal = options.journalOf({ uid, namespace, name });
  const base = { uid, measurements: new Map(), seenTargets: new Map(), journal, replaced: new Set<string>() };
  const empty = { preflight: [], probe: [], fault: [] };
  let request;
  try {
    request = await readRunRequest(options.store, object, options.instance, options.drawSeed());
  } catch (error) {
    if (codeOf(error) === 'Unavailable') throw error;
    if (!object.status) journal.append({ type: 'created', namespace, name, uid, seed: '', manifest: manifestOf(object) });
    const first = firstEvent(object, { type: outcomeOf(error), reason: codeOf(error), message: messageOf(error) });
    const expected = { ...empty, fault: object.status?.faultTasks ?? [] };
    const plan = planWithout(expected.fault.length > 0);
    return { ...base, plan, seed: object.status?.seed ?? '', targets: object.status?.targets ?? [], expected, first };
  }
  const plan = machinePlan(request);
  if (object.status) {
    const expected = { ...empty, fault: object.status.faultTasks };
    return { ...base, plan, seed: request.seed, targets: object.status.targets, expected, first: { type: 'restarted' } };
  }
  journal.append({ type: 'created', namespace, name, uid, seed: request.seed, manifest: manifestOf(object) });
  const nothing = { ...base, plan, seed: request.seed, targets: [], expected: empty };
  if (isAbandoned(options, object)) return { ...nothing, first: { type: 'restarted' } };
  const planned = await planOrRefuse(options, request);
  if (planned.kind !== 'planned') return { ...nothing, first: { ...planned, type: planned.kind } };
  journal.append({ type: 'targets', targets: planned.targets });
  return { ...base, plan: planned.plan, seed: request.seed, targets: planned.targets, expected: planned.tasks };
}

async function planOrRefuse(
  options: RunReconcilerOptions,
  request: Parameters<typeof planRun>[0],
): Promise<ReturnType<typeof planRun> | { kind: 'failed'; reason: string; message: string }> {
  const world = await readWorld(options.store);
  try {
    return planRun(request, world, options.clock.now());
  } catch (error) {
    return { kind: outcomeOf(error), reason: codeOf(error), message: messageOf(error) };
  }
}

/** A mistake of ours is not a refusal of theirs. */
function outcomeOf(error: unknown): 'failed' | 'refused' {
  return codeOf(error) === 'Internal' ? 'failed' : 'refused';
}

/** Created for a process that is gone and would have run it at once. Creation times have whole seconds. */
function isAbandoned({ abandonedBefore = 0 }: RunReconcilerOptions, { metadata }: Stored<ExperimentObject>): boolean {
  return Date.parse(metadata.creationTimestamp) < Math.floor(abandonedBefore / 1000) * 1000;
}

function firstEvent(object: Stored<ExperimentObject>, otherwise: RunEvent): RunEvent {
  return object.status ? { type: 'restarted' } : otherwise;
}

/** For a run whose spec can no longer be read: enough to undo it. */
function planWithout(hasFault: boolean): Plan {
  const limits = { preflightMs: 0, probeStartMs: 0, injectMs: 0, undoMs: 120_000 };
  return { hasFault, beforeMs: 0, durationMs: 0, afterMs: 0, hypothesis: [], abort: [], settleMs: 0, limits };
}

function manifestOf({ apiVersion, kind, metadata, spec }: ExperimentObject): unknown {
  const { name, namespace, labels, annotations } = metadata;
  return {
    apiVersion,
    kind,
    metadata: { name, namespace, ...(labels ? { labels } : {}), ...(annotations ? { annotations } : {}) },
    spec,
  };
}
