/**
 * The kinds: what people may write, as schemas, and what every other room works with, as types in base units.
 * Manifests in any dialect come in. Typed, complete, normalised objects go out, or errors that name file, line, field and expectation.
 */
export type { Typed } from './check-object.ts';
export { type Kind, isKind, kinds, type Models, servedKinds } from './kinds/index.ts';
export { coreKinds } from './kinds/core.ts';
export { mostSteps } from './kinds/fault-steps.ts';
export { smallestPercent } from './kinds/fault-types.ts';
export type { KindFacts } from './kinds/definition.ts';
export type { ExperimentSchedule } from './kinds/network-experiment-schedule.ts';
export type { DelayTest } from './kinds/network-delay-test.ts';
export type { GameDay, GameDayStep } from './kinds/network-game-day.ts';
export type { Halt } from './kinds/network-halt.ts';
export type { ModulesValidator, NodeChoice, SysctlRule } from './kinds/network-modules-validator.ts';
export type { Flow, Monitor } from './kinds/network-monitor.ts';
export type { Notification, WrittenNotification } from './kinds/network-notification.ts';
export { defaultTolerance } from './kinds/tolerance.ts';
export * from './halt.ts';
export { networkOf } from './cidr.ts';
export { readManifestFiles } from './manifest-files.ts';
export { type DocumentSummary, type Manifest, type ManifestResult, readManifests } from './manifests.ts';
export * from './measurement.ts';
export * from './metadata.ts';
export * from './model.ts';
export * from './monitor-status.ts';
export * from './network-traffic.ts';
export * from './node-task.ts';
export * from './validator-status.ts';
export { missingPartsOf, notImplementedYet } from './not-implemented.ts';
export { formatProblem, type Path, type Problem } from './problems.ts';
export { problemAt } from './problem-at.ts';
export { readObject, readSpec, validateObject } from './read-object.ts';
export * from './report.ts';
export * from './schedule-status.ts';
