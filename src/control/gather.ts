import { describeFault, requestedDose } from '../faults/index.ts';
import type { Dose, Fault, FaultWork, NodeTask, ProbeStream, TargetStatus } from '../api/index.ts';
import { type Facts, type Plan, type RunState, type SignalFact, type TargetFacts, windowsToJudge } from '../experiment/index.ts';
import type { ExpectedTasks } from './plan-run.ts';
import { describeFailures, type NodeCheck, nodesToSkip } from './skipped-nodes.ts';
import type { TaskPlan } from './task-plan.ts';
import { type Measurements, observeWindow, recentSeconds, suffixesOf } from './measurements.ts';

/** Everything that one step of a run may depend on, from the tasks as they are in the store and what its monitors say. Pure. */
export function gatherFacts(
  plan: Plan,
  state: RunState,
  expected: ExpectedTasks,
  tasks: ReadonlyMap<string, NodeTask>,
  measurements: Measurements,
  signals: SignalFact[],
  now: number,
): Facts {
  const streams = expected.probe.flatMap(({ spec }) => spec.probe?.streams ?? []);
  const preflight = preflightFacts(plan, expected, tasks);
  const probesReadyAt = probesReady(expected.probe, tasks);
  const probeLost = lostProbe(expected.probe, tasks);
  const { during, after } = state.windows;
  const judged = windowsToJudge(plan, state, now);
  return {
    ...(preflight ? { preflight } : {}),
    ...(probesReadyAt === undefined ? {} : { probesReadyAt }),
    ...(probeLost ? { probeLost } : {}),
    ...(expected.fault.length > 0 ? { fault: faultFacts(expected.fault, tasks) } : {}),
    observed: Object.fromEntries(
      judged.flatMap((phase) => {
        const window = state.windows[phase];
        return window ? [[phase, observeWindow(measurements, streams, window)]] : [];
      }),
    ),
    suffixes: after?.to === undefined || !judged.includes('after') ? {} : suffixesOf(measurements, streams, after),
    recent: during ? recentSeconds(measurements, watched(plan, streams), during.from, mostSeconds(plan)) : {},
    signals,
  };
}

/** The checks that did not hold, of all nodes. */
export function failedChecks(expected: readonly TaskPlan[], tasks: ReadonlyMap<string, NodeTask>): NodeCheck[] {
  return allChecks(expected, tasks).filter(({ ok }) => !ok);
}

export function allChecks(expected: readonly TaskPlan[], tasks: ReadonlyMap<string, NodeTask>): NodeCheck[] {
  return expected.flatMap(({ name, spec }) =>
    (tasks.get(name)?.status?.checks ?? []).map((result) => ({ ...result, node: spec.node })),
  );
}

function preflightFacts(plan: Plan, expected: ExpectedTasks, tasks: ReadonlyMap<string, NodeTask>): Facts['preflight'] {
  if (!expected.preflight.every(({ name }) => tasks.get(name)?.status?.checks !== undefined)) return undefined;
  const failed = failedChecks(expected.preflight, tasks);
  if (failed.length === 0) return { ok: true };
  const skipped = plan.skipsUnsupported ? nodesToSkip(expected, failed) : undefined;
  if (skipped !== undefined) return { ok: true, skipped };
  return { ok: false, reason: 'PreflightRefused', message: describeFailures(failed) };
}

function probesReady(expected: readonly TaskPlan[], tasks: ReadonlyMap<string, NodeTask>): number | undefined {
  const instants = expected.flatMap(({ name, spec }) =>
    spec.targets.map(({ podUid }) => tasks.get(name)?.status?.targets.find((target) => target.podUid === podUid)?.activeAt),
  );
  const known = instants.filter((instant): instant is string => instant !== undefined);
  return known.length < instants.length || known.length === 0
    ? undefined
    : Math.max(...known.map((instant) => Date.parse(instant)));
}

/** A task that is not there yet, or not any more, is a target that is still Pending: only a status proves anything. */
function faultFacts(expected: readonly TaskPlan[], tasks: ReadonlyMap<string, NodeTask>): NonNullable<Facts['fault']> {
  const facts: NonNullable<Facts['fault']> = { targets: [], residue: 0, changedByOthers: [], dose: [] };
  for (const { name, spec } of expected) {
    const status = tasks.get(name)?.status;
    facts.residue += status?.residue ?? 0;
    for (const { podUid, namespace, name: pod } of spec.targets) {
      const target = status?.targets.find((candidate) => candidate.podUid === podUid);
      const label = `${namespace}/${pod}`;
      facts.targets.push(targetFacts(podUid, label, target));
      if (target?.changedByOthers) facts.changedByOthers.push(...target.changedByOthers.map((change) => `${label}: ${change}`));
      if (spec.fault && target) facts.dose.push(...dosesOf(spec.fault, target).map((dose) => ({ ...dose, target: label })));
    }
  }
  return facts;
}

/** Of every step that could tell one, the present one last. */
function dosesOf({ effect, steps = [] }: FaultWork, target: TargetStatus): (Dose & { fault: string })[] {
  const { step = 0, pastSteps = [], dose, activeAt } = target;
  const past = pastSteps.flatMap((one) => (one.dose === undefined ? [] : [{ ...one.dose, fault: describeFault(one.effect) }]));
  const present = steps[step - 1]?.effect ?? effect;
  if (dose !== undefined) return [...past, { ...dose, fault: describeFault(present) }];
  return past.length > 0 || activeAt === undefined ? past : [{ ...unmeasured(present), fault: describeFault(present) }];
}

/** Of a target that was active and reported no dose: nothing was shown. */
function unmeasured(effect: Fault): Dose {
  const { requested, source } = requestedDose(effect);
  return { requested, measured: { value: 0, low: 0, high: 0, unit: requested.unit }, samples: 0, source, ok: false };
}

/** The first probe that is over though nobody ended it. */
function lostProbe(expected: readonly TaskPlan[], tasks: ReadonlyMap<string, NodeTask>): Facts['probeLost'] {
  for (const { name, spec } of expected) {
    for (const { podUid, phase, reason = 'ProbeEnded', message } of tasks.get(name)?.status?.targets ?? []) {
      if (phase !== 'Clean' && phase !== 'Lost' && phase !== 'Refused') continue;
      const source = spec.targets.find((target) => target.podUid === podUid);
      const pod = `${source?.namespace ?? ''}/${source?.name ?? podUid}`;
      return { reason, message: `the probes of ${pod} ended too early: ${message ?? reason}` };
    }
  }
  return undefined;
}

function targetFacts(uid: string, name: string, target: TargetStatus | undefined): TargetFacts {
  if (!target) return { uid, name, phase: 'Pending' };
  const { phase, reason, message, activeAt, cleanAt } = target;
  return {
    uid,
    name,
    phase,
    ...(reason === undefined ? {} : { reason }),
    ...(message === undefined ? {} : { message }),
    ...(activeAt === undefined ? {} : { activeAt: Date.parse(activeAt) }),
    ...(cleanAt === undefined ? {} : { cleanAt: Date.parse(cleanAt) }),
  };
}

function watched(plan: Plan, streams: readonly ProbeStream[]): ProbeStream[] {
  const names = new Set(plan.abort.flatMap((rule) => (rule.kind === 'hypothesis' ? [rule.hypothesis] : [])));
  return streams.filter(({ hypothesis }) => names.has(hypothesis));
}

function mostSeconds(plan: Plan): number {
  return Math.max(1, ...plan.abort.map((rule) => (rule.kind === 'hypothesis' ? Math.ceil(rule.forMs / 1000) : 1)));
}
