import { isDeepStrictEqual } from 'node:util';
import { type ExperimentSchedule, readSpec, scheduleLabel, type TickRecord } from '../api/index.ts';
import { type Clock, codeOf, formatInstant, messageOf, SquallError } from '../lib/index.ts';
import { decide, readTimetable, runName, runsToTrim, type TickDecision, type Timetable } from '../scheduler/index.ts';
import { type Cache, keyText, type ObjectKey, type Store, type Stored } from '../store/index.ts';
import { experiments, schedules } from './resources.ts';
import { abortAnnotation } from './run-reconciler.ts';
import type { ExperimentObject } from './run-status.ts';
import { createRun, scheduledRun } from './schedule-runs.ts';
import { type ScheduledRun, type ScheduleObject, scheduleStatusOf, unreadableStatus } from './schedule-status.ts';
import type { ReconcileResult } from './work-queue.ts';
import { writeStatus } from './write-status.ts';

export type ScheduleReconcilerOptions = {
  store: Store;
  schedules: Cache<ScheduleObject>;
  experiments: Cache<ExperimentObject>;
  clock: Clock;
  /** True while nothing is to be started: the ticks stay due. */
  isHeld: () => boolean;
  /** Who halts everything and why: what is due meanwhile is skipped. @default nobody */
  haltedBy?: () => string | undefined;
  /** Called once for every tick, after its outcome is in the store. */
  onTick: (record: TickRecord) => void;
};

/** A schedule's spec, read; kept by uid and generation, since every heartbeat asks. */
type Reading = { generation: number; schedule: ExperimentSchedule; timetable: Timetable };

/** Gives every tick its one outcome: gather, decide, create the run, then write the status. Idempotent; the status's one writer. */
export function createScheduleReconciler(options: ScheduleReconcilerOptions): (key: ObjectKey) => Promise<ReconcileResult> {
  const readings = new Map<string, Reading & { uid: string }>();

  return async (key) => {
    const cached = options.schedules.get(key);
    if (!cached) {
      readings.delete(keyText(key));
      return {};
    }
    if (!needsLook(cached)) return {};
    // What the caches show may lag behind what this process did last.
    const object = await options.store.get(schedules, key).catch(noneIfGone);
    if (!object) return {};
    const reading = read(object);
    if (typeof reading === 'string') await writeUnreadable(options, object, reading);
    else await advance(options, object, reading);
    return {};
  };

  function read(object: Stored<ScheduleObject>): Reading | string {
    const { uid, generation = 1 } = object.metadata;
    const key = keyOfSchedule(object);
    const known = readings.get(key);
    if (known?.uid === uid && known.generation === generation) return known;
    try {
      const reading = { uid, generation, ...readSchedule(object) };
      readings.set(key, reading);
      return reading;
    } catch (error) {
      if (codeOf(error) !== 'InvalidInput') throw error;
      return messageOf(error);
    }
  }

  /** By the caches alone: whether anything may have to be done. It never says no when a tick is due. */
  function needsLook(object: Stored<ScheduleObject>): boolean {
    const { status, metadata } = object;
    const known = readings.get(keyOfSchedule(object));
    if (!status || known?.uid !== metadata.uid || known.generation !== metadata.generation) return true;
    const now = options.clock.now();
    const runs = runsOf(object, options.experiments.list());
    const latest = known.timetable.latest(now) ?? 0;
    if (latest > Date.parse(status.decidedUntil) && !options.isHeld()) return true;
    return trimmable(known.schedule, runs, latest).length > 0 || !isDeepStrictEqual(statusNow(object, known, runs, now), status);
  }
}

/** @throws SquallError InvalidInput */
function readSchedule(object: Stored<ScheduleObject>): { schedule: ExperimentSchedule; timetable: Timetable } {
  const schedule = readSpec('NetworkExperimentSchedule', object.spec, object.metadata.namespace);
  const read = readTimetable(schedule, keyOfSchedule(object));
  if (!read.ok) throw new SquallError('InvalidInput', `spec.schedule: ${read.message} (got '${schedule.schedule}')`);
  return { schedule, timetable: read.timetable };
}

function keyOfSchedule({ metadata: { namespace = 'default', name } }: ScheduleObject): string {
  return keyText({ namespace, name });
}

async function advance(options: ScheduleReconcilerOptions, object: Stored<ScheduleObject>, reading: Reading): Promise<void> {
  const { store, clock } = options;
  const { namespace = 'default', name, uid } = object.metadata;
  const { schedule, timetable } = reading;
  const now = clock.now();
  const listed = await store.list(experiments, { namespace, labelSelector: `${scheduleLabel}=${name}` });
  const runs = runsOf(object, listed.items);
  const from = decidedUntilOf(object, schedule, now);
  const decision = options.isHeld()
    ? { ticks: [], decidedUntil: from, replace: false }
    : decide(timetable, { ...schedule, ...haltOf(options) }, historyOf(object, runs, from), now);

  if (decision.replace) await abortAll(store, namespace, runs);
  const records: TickRecord[] = [];
  for (const tick of decision.ticks) {
    const outcome = await carryOut(options, object, schedule, tick, runs);
    records.push({ time: formatInstant(now), schedule: { namespace, name, uid }, ...outcome });
  }

  const present = records.some(({ outcome }) => outcome === 'Started')
    ? runsOf(object, (await store.list(experiments, { namespace, labelSelector: `${scheduleLabel}=${name}` })).items)
    : runs;
  const generation = object.metadata.generation ?? 1;
  const facts = { schedule, generation, timetable, decidedUntil: decision.decidedUntil, records, runs: present, now };
  const status = scheduleStatusOf({ ...facts, before: object.status });
  if (!isDeepStrictEqual(status, object.status)) await writeStatus(store, schedules, object, status);
  for (const record of records) options.onTick(record);
  for (const run of trimmable(schedule, present, decision.decidedUntil)) {
    await store.delete(experiments, { namespace, name: run.name }, { uid: run.uid }).catch(noneIfGone);
  }
}

function haltOf({ haltedBy = () => undefined }: ScheduleReconcilerOptions): { halted?: string } {
  const halted = haltedBy();
  return halted === undefined ? {} : { halted };
}

/** The ticks of another expression or zone count from when it is first seen; those of a new schedule from its creation. */
function decidedUntilOf(
  { status, metadata }: Stored<ScheduleObject>,
  { schedule, timeZone }: ExperimentSchedule,
  now: number,
): number {
  if (!status) return Date.parse(metadata.creationTimestamp);
  if (status.timing.schedule !== schedule || status.timing.timeZone !== timeZone) return now;
  return Date.parse(status.decidedUntil);
}

function historyOf(
  { status }: Stored<ScheduleObject>,
  runs: readonly ScheduledRun[],
  decidedUntil: number,
): Parameters<typeof decide>[2] {
  return {
    decidedUntil,
    wasSuspended: status?.conditions.some(({ type, status: is }) => type === 'Suspended' && is === 'True') ?? false,
    started: runs.map(({ tick, createdAt }) => ({ tick, at: createdAt })),
    active: runs.filter(({ isOver }) => !isOver).map(({ tick }) => tick),
  };
}

async function carryOut(
  { store }: ScheduleReconcilerOptions,
  object: Stored<ScheduleObject>,
  schedule: ExperimentSchedule,
  { tick, ...decided }: TickDecision,
  runs: readonly ScheduledRun[],
): Promise<Omit<TickRecord, 'time' | 'schedule'>> {
  const shown = { tick: formatInstant(tick), ...decided };
  if (decided.outcome !== 'Started') return shown;
  const run = runName(object.metadata.name, tick);
  if (runs.some(({ name }) => name === run)) return { ...shown, run };
  const created = await createRun(store, object, schedule, tick);
  return created.ok ? { ...shown, run } : { ...shown, outcome: 'Skipped', reason: 'Refused', message: created.message };
}

async function abortAll(store: Store, namespace: string, runs: readonly ScheduledRun[]): Promise<void> {
  for (const { name } of runs.filter(({ isOver, abortAsked }) => !isOver && !abortAsked)) {
    await store
      .patchMetadata(experiments, { namespace, name }, { annotations: { [abortAnnotation]: 'Replaced' } })
      .catch(noneIfGone);
  }
}

async function writeUnreadable(
  { store, clock }: ScheduleReconcilerOptions,
  object: Stored<ScheduleObject>,
  message: string,
): Promise<void> {
  const { generation = 1, creationTimestamp } = object.metadata;
  const before = object.status ?? {
    observedGeneration: generation,
    timing: { schedule: '', timeZone: '' },
    decidedUntil: formatInstant(Date.parse(creationTimestamp)),
    active: [],
    recentTicks: [],
    conditions: [],
  };
  const status = unreadableStatus(before, generation, message, clock.now());
  if (!isDeepStrictEqual(status, object.status)) await writeStatus(store, schedules, object, status);
}

function statusNow(
  object: Stored<ScheduleObject>,
  { schedule, timetable }: Reading,
  runs: readonly ScheduledRun[],
  now: number,
): unknown {
  const decidedUntil = decidedUntilOf(object, schedule, now);
  const generation = object.metadata.generation ?? 1;
  return scheduleStatusOf({ schedule, generation, timetable, decidedUntil, records: [], runs, before: object.status, now });
}

/** Only runs whose tick has its outcome in the status: without it, a run that is gone would be created again. */
function trimmable(schedule: ExperimentSchedule, runs: readonly ScheduledRun[], decidedUntil: number): ScheduledRun[] {
  const finished = runs.flatMap(({ name, tick, verdict, isOver }) =>
    isOver && verdict !== undefined && tick <= decidedUntil ? [{ name, tick, verdict }] : [],
  );
  const names = new Set(runsToTrim(finished, schedule));
  return runs.filter(({ name }) => names.has(name));
}

function runsOf(schedule: ScheduleObject, objects: readonly Stored<ExperimentObject>[]): ScheduledRun[] {
  return objects
    .filter(({ metadata }) => metadata.namespace === schedule.metadata.namespace)
    .flatMap((object) => scheduledRun(schedule, object, abortAnnotation) ?? []);
}

function noneIfGone(error: unknown): undefined {
  if (codeOf(error) !== 'NotFound') throw error;
  return undefined;
}
