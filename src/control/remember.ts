import type { NodeTask } from '../api/index.ts';
import type { Plan, RunEvent } from '../experiment/index.ts';
import { type Clock, codeOf, messageOf } from '../lib/index.ts';
import type { Cache, Store, Stored } from '../store/index.ts';
import { activeRunOf, type TargetClaims } from './active-runs.ts';
import { type MeasuredUpTo, restore } from './checkpoint.ts';
import { entriesOfKernels, entriesOfStatus, manifestOf, type RunJournal } from './journal-entries.ts';
import { collect, type Measurements, unmeasuredPhases } from './measurements.ts';
import { outcomeOf, type PlaceRules, planOrRefuse } from './plan-or-refuse.ts';
import { type ExpectedTasks, machinePlan, type RunRequest, type RunTarget } from './plan-run.ts';
import { readRunRequest, readWorld } from './run-request.ts';
import type { ExperimentObject, ExperimentStatus } from './run-status.ts';
import { mustReplan, takeOver } from './take-over.ts';

/** What the process knows of a run besides its status. It is lost with the process. */
export type Memory = {
  uid: string;
  plan: Plan;
  seed: string;
  targets: RunTarget[];
  addresses: string[];
  expected: ExpectedTasks;
  measurements: Measurements;
  /** What of them came from another process, summed up. */
  measuredUpTo: MeasuredUpTo;
  /** When the status last said what was measured; of the monotonic clock. */
  checkpointAt: number;
  seenTargets: Map<string, string>;
  journal: RunJournal;
  /** Versions of the object that this process has replaced: a cache that still shows one of them lags behind. */
  replaced: Set<string>;
  /** A status replaced while others changed the metadata: of the versions between, which nobody read here, it alone tells. */
  overtaken?: { status: ExperimentStatus | undefined };
  /** What was asked for, as long as it can be read: whom it hurts is looked at again while it is active. */
  request?: RunRequest;
  /** When that was begun last, of the monotonic clock, and how it goes. */
  followedAt: number;
  following: { isRunning: boolean; error?: Error };
  /** The first event of this life, when it is not simply to look. */
  first?: RunEvent;
};

export type MemoryOptions = {
  store: Store;
  tasks: Cache<NodeTask>;
  claims: TargetClaims;
  instance: string;
  clock: Clock;
  drawSeed: () => string;
  journalOf: (run: { uid: string; namespace: string; name: string }) => RunJournal;
  /** Uids of runs that, where they were never looked at, are Aborted instead of begun. @default none */
  abandoned?: ReadonlySet<string>;
  /**
   * What becomes of a run that another control process began: it is cut off and undone, as where that process and its agent are gone
   * together; or it is gone on with where that can be done to the letter. @default 'abort'
   */
  takeover?: 'abort' | 'continue';
  /** @default none */
  rules?: PlaceRules;
};

type Base = Pick<
  Memory,
  'uid' | 'measurements' | 'measuredUpTo' | 'checkpointAt' | 'seenTargets' | 'journal' | 'replaced' | 'followedAt' | 'following'
>;
type Begun = Stored<ExperimentObject> & { status: ExperimentStatus };

const noTasks: ExpectedTasks = { preflight: [], probe: [], fault: [] };

/** Plans a new run, or picks up what is left of one that another life of this process, or another process, began. */
export async function remember(options: MemoryOptions, object: Stored<ExperimentObject>): Promise<Memory> {
  const { uid, namespace = 'default', name } = object.metadata;
  const journal = options.journalOf({ uid, namespace, name });
  const base: Base = {
    uid,
    measurements: new Map(),
    measuredUpTo: new Map(),
    checkpointAt: options.clock.monotonic(),
    seenTargets: new Map(),
    journal,
    replaced: new Set<string>(),
    followedAt: -Infinity,
    following: { isRunning: false },
  };
  if (isBegun(object)) return await pickUp(options, object, base);
  let request: RunRequest;
  try {
    request = await readRunRequest(options.store, object, options.instance, options.drawSeed());
  } catch (error) {
    if (codeOf(error) === 'Unavailable') throw error;
    journal.append({ type: 'created', namespace, name, uid, seed: '', manifest: manifestOf(object) });
    const first: RunEvent = { type: outcomeOf(error), reason: codeOf(error), message: messageOf(error) };
    return { ...base, plan: planWithout(false), seed: '', targets: [], addresses: [], expected: noTasks, first };
  }
  journal.append({ type: 'created', namespace, name, uid, seed: request.seed, manifest: manifestOf(object) });
  const nothing = { ...base, plan: machinePlan(request), seed: request.seed, targets: [], addresses: [], expected: noTasks };
  if (isAbandoned(options, object)) return { ...nothing, first: { type: 'restarted' } };
  const planned = await planNow(options, request);
  if (planned.kind !== 'planned') return { ...nothing, first: { ...planned, type: planned.kind } };
  journal.append({ type: 'targets', targets: planned.targets });
  return {
    ...base,
    request,
    plan: planned.plan,
    seed: request.seed,
    targets: planned.targets,
    addresses: planned.addresses,
    expected: planned.tasks,
  };
}

/** A run whose status another life has written. Whatever cannot be gone on with is cut off, and undone by what its status says. */
async function pickUp(options: MemoryOptions, object: Begun, base: Base): Promise<Memory> {
  const { status } = object;
  if (options.takeover === 'continue') tellTakeOver(base.journal, object);
  const active = activeRunOf(object);
  if (active !== undefined) options.claims.claim(active);
  const left = {
    ...base,
    seed: status.seed,
    targets: status.targets,
    addresses: status.addresses ?? [],
    expected: { ...noTasks, fault: status.faultTasks },
  };
  let request: RunRequest;
  try {
    request = await readRunRequest(options.store, object, options.instance, status.seed, !status.run.touched);
  } catch (error) {
    if (codeOf(error) === 'Unavailable') throw error;
    return { ...left, plan: planWithout(status.faultTasks.length > 0), first: { type: 'restarted', why: messageOf(error) } };
  }
  const plan = machinePlan(request);
  if (options.takeover !== 'continue') return { ...left, plan, first: { type: 'restarted' } };
  const stored = options.tasks.list().filter(({ spec }) => spec.run.uid === base.uid);
  const taken = takeOver(plan, status, stored, mustReplan(plan, status.run) ? await planNow(options, request) : undefined);
  if (taken.kind === 'cut') return { ...left, plan, first: { type: 'restarted', why: taken.message } };
  const tasks = new Map(stored.map((task) => [task.metadata.name, task]));
  if (status.phase !== 'preflight') for (const entry of entriesOfKernels(taken.tasks, tasks)) base.journal.append(entry);
  if (status.measured) restore(base.measurements, base.measuredUpTo, status.measured);
  collect(base.measurements, stored, base.measuredUpTo);
  const streams = taken.tasks.probe.flatMap(({ spec }) => spec.probe?.streams ?? []);
  // What was measured before the fault is judged already, and its outcome is in the status.
  const { before, ...later } = status.run.windows;
  const open = status.run.phase === 'before' && before ? { before } : later;
  const unmeasured = unmeasuredPhases(base.measurements, streams, open, base.measuredUpTo, options.clock.now());
  return {
    ...left,
    ...(isAsPlanned(object) ? { request } : {}),
    plan,
    expected: taken.tasks,
    first: { type: 'continued', unmeasured },
  };
}

/**
 * Whether the fault of a run that another process planned is known to be what that planned: only then is it followed. What an experiment refers to
 * may have been changed since, without anybody being asked for their rights in what it hurts then.
 */
function isAsPlanned({ metadata, spec, status }: Begun): boolean {
  const isInline = (spec as { fault?: { ref?: unknown } } | undefined)?.fault?.ref === undefined;
  return isInline && metadata.generation === status.observedGeneration;
}

function isBegun(object: Stored<ExperimentObject>): object is Begun {
  return object.status !== undefined;
}

function tellTakeOver(journal: RunJournal, object: Begun): void {
  for (const entry of entriesOfStatus(object)) journal.append(entry);
  const message =
    `another control process took over in '${object.status.run.phase}': this journal begins there, ` +
    'and what was in the one before is only what the status says';
  journal.append({ type: 'warning', message });
}

async function planNow({ store, clock, rules, claims }: MemoryOptions, request: RunRequest) {
  const read = await readWorld(store);
  const { uid, namespace, name } = request;
  const planned = planOrRefuse(request, { ...read, activeRuns: claims.others(uid) }, clock.now(), rules);
  if (planned.kind === 'planned') {
    claims.claim({ uid, namespace, name, podUids: planned.targets.map((target) => target.uid) });
  }
  return planned;
}

/** Created for a process that is gone and would have run it at once. */
function isAbandoned({ abandoned }: MemoryOptions, { metadata }: Stored<ExperimentObject>): boolean {
  return abandoned?.has(metadata.uid) === true;
}

/** For a run whose spec can no longer be read: enough to undo it. */
function planWithout(hasFault: boolean): Plan {
  const limits = { preflightMs: 0, probeStartMs: 0, injectMs: 0, undoMs: 120_000 };
  return {
    hasFault,
    beforeMs: 0,
    durationMs: 0,
    afterMs: 0,
    hypothesis: [],
    abort: [],
    skipsUnsupported: false,
    settleMs: 0,
    limits,
  };
}
