/**
 * The reconcilers: they bring what is stored and what is done together, level-triggered and idempotent.
 * Objects from the store and the answers of agents (the statuses of NodeTasks) come in. NodeTasks, Leases, statuses and journal
 * entries go out; this room never touches a kernel.
 */
export { type ControlOptions, runControl } from './controller.ts';
export { entriesOfStatus, type RunJournal } from './journal-entries.ts';
export { createNodeTaskCache } from './node-task-cache.ts';
export {
  connectivityTests,
  experiments,
  halts,
  type Lease,
  leases,
  type MonitorObject,
  monitors,
  nodes,
  nodeTasks,
  type NotificationObject,
  notifications,
  pods,
  schedules,
  services,
  shapers,
  type ValidatorObject,
  validators,
} from './resources.ts';
export { type HurtPod, type PlannedPreview, type PreviewedProbe, previewRun, type RunPreview } from './preview-run.ts';
export type { KernelProgram } from './preview-programs.ts';
export type { RunCost } from './preview-cost.ts';
export { readMonitors } from './traffic-share/read-monitors.ts';
export type { ObservedMonitor, SeenShare, TrafficShare } from './traffic-share/share.ts';
export { entriesOfTraffic } from './traffic-entries.ts';
export { activeRunOf } from './active-runs.ts';
export type { PlaceRules } from './plan-or-refuse.ts';
export type { TargetRules } from './target-checks.ts';
export { readWorld, type SpecReader } from './run-request.ts';
export { abortAnnotation, isTaskClean } from './run-reconciler.ts';
export { type ExperimentObject, type ExperimentStatus } from './run-status.ts';
export type { NodeOutcomeChange } from './validators/reconciler.ts';
export { type MonitorsOptions, runMonitors } from './monitors/run-monitors.ts';
export { type ScheduleObject } from './schedule-status.ts';
export { type Node, nodeUidAnnotation, type Pod, type Service, type World } from './world.ts';
