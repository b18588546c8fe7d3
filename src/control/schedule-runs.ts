/** The runs of a schedule: how one is made from the template, and how they are told apart from others. */
import { apiVersion, type ExperimentSchedule, scheduledAtAnnotation, scheduleLabel } from '../api/index.ts';
import { runName, tickOfRun } from '../scheduler/index.ts';
import { codeOf, messageOf } from '../lib/index.ts';
import type { Store, Stored } from '../store/index.ts';
import { experiments } from './resources.ts';
import type { ExperimentObject } from './run-status.ts';
import type { ScheduleObject, ScheduledRun } from './schedule-status.ts';

export type CreateResult = { ok: true } | { ok: false; message: string };

/** A run that the schedule owns, or undefined. */
export function scheduledRun(
  schedule: ScheduleObject,
  run: Stored<ExperimentObject>,
  abortAnnotation: string,
): ScheduledRun | undefined {
  const { metadata, status } = run;
  const tick = tickOfRun(schedule.metadata.name, metadata.name);
  if (tick === undefined || !isOwnedBy(schedule, run)) return undefined;
  return {
    name: metadata.name,
    uid: metadata.uid,
    tick,
    createdAt: Date.parse(metadata.creationTimestamp),
    ...(status?.endedAt === undefined ? {} : { endedAt: Date.parse(status.endedAt) }),
    ...(status?.verdict === undefined ? {} : { verdict: status.verdict }),
    isOver: status?.phase === 'done',
    abortAsked: metadata.annotations?.[abortAnnotation] !== undefined,
  };
}

/** Creates the run of a tick. That it is there already is success: a former life created it and could not say so. */
export async function createRun(
  store: Store,
  schedule: Stored<ScheduleObject>,
  { template }: ExperimentSchedule,
  tick: number,
): Promise<CreateResult> {
  const { namespace = 'default', name, uid } = schedule.metadata;
  const run = runName(name, tick);
  try {
    await store.create(experiments, {
      apiVersion,
      kind: 'NetworkExperiment',
      metadata: {
        name: run,
        namespace,
        labels: { ...template.labels, [scheduleLabel]: name },
        annotations: { ...template.annotations, [scheduledAtAnnotation]: new Date(tick).toISOString() },
        ownerReferences: [{ apiVersion, kind: schedule.kind, name, uid }],
      },
      spec: template.spec,
    });
    return { ok: true };
  } catch (error) {
    switch (codeOf(error)) {
      case 'AlreadyExists': {
        const present = await store.get(experiments, { namespace, name: run });
        if (isOwnedBy(schedule, present)) return { ok: true };
        return { ok: false, message: `NetworkExperiment ${namespace}/${run} exists and does not belong to this schedule` };
      }
      case 'InvalidInput':
      case 'PermissionDenied':
      case 'NotImplemented':
        return { ok: false, message: messageOf(error) };
      default:
        throw error;
    }
  }
}

function isOwnedBy({ metadata: { uid } }: ScheduleObject, { metadata: { ownerReferences = [] } }: ExperimentObject): boolean {
  return ownerReferences.some((owner) => owner.uid === uid);
}
