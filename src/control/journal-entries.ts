import type { JournalEntry, NodeTask } from '../api/index.ts';
import type { Plan, RunState, SignalFact, SkippedNode } from '../experiment/index.ts';
import { formatInstant } from '../lib/index.ts';
import { nameOfCheck } from '../preflight/index.ts';
import { allChecks } from './gather.ts';
import type { ExpectedTasks } from './plan-run.ts';
import type { ExperimentObject } from './run-status.ts';
import { signalChecks } from './signals/signal-checks.ts';

/** How the run records what happens to it; `append` writes before it returns. */
export type RunJournal = { append(entry: JournalEntry): void };

/** What a step is going to change, for the journal. It is written before the state is persisted: a repeated record does no harm. */
export function entriesOfStep(
  plan: Plan,
  before: RunState,
  after: RunState,
  expected: ExpectedTasks,
  tasks: ReadonlyMap<string, NodeTask>,
  signals: readonly SignalFact[] = [],
): JournalEntry[] {
  const entries: JournalEntry[] = [];
  for (const { name, outcome, startedAt, endedAt } of after.phases.slice(before.phases.length)) {
    if (name === 'preflight') {
      entries.push(preflightEntry(outcome, expected, tasks, signals), ...preflightWarnings(expected, tasks));
      entries.push(...(after.skipped ?? []).flatMap((one) => skippedEntries(one, uidsOn(one, expected))));
    }
    entries.push({ type: 'phase-ended', phase: name, outcome, startedAt, endedAt });
  }
  for (const result of after.results.slice(before.results.length)) entries.push({ type: 'hypothesis', result });
  if (after.phase !== before.phase && after.phase !== 'pending' && after.phase !== 'settle') {
    const endsAt = expectedEnd(plan, after);
    entries.push({ type: 'phase', phase: after.phase, ...(endsAt === undefined ? {} : { endsAt: formatInstant(endsAt) }) });
  }
  if (after.phase === 'done' && before.phase !== 'done') entries.push(...closingEntries(after, expected, tasks));
  return entries;
}

/** When a phase of known length will be over, as far as that can be said at its beginning: milliseconds since 1970. */
export function expectedEnd(plan: Plan, { phase, since }: RunState): number | undefined {
  switch (phase) {
    case 'before':
      return since + plan.beforeMs + plan.settleMs;
    case 'during':
      return since + plan.durationMs;
    case 'after':
      return since + plan.afterMs;
    default:
      return undefined;
  }
}

/**
 * What a run's object still says of it to whoever has no journal of it: another control process had that. The checks and the
 * probes' own samples are not in it.
 */
export function entriesOfStatus({ apiVersion, kind, metadata, spec, status }: ExperimentObject): JournalEntry[] {
  const { uid = '', namespace = 'default', name } = metadata;
  const manifest = manifestOf({ apiVersion, kind, metadata, spec });
  if (!status) return [{ type: 'created', namespace, name, uid, seed: '', manifest }];
  const { run, seed, targets, startedAt } = status;
  const nothing = { preflight: [], probe: [], fault: [] };
  return [
    { type: 'created', namespace, name, uid, seed, manifest, startedAt },
    ...(targets.length > 0 ? [{ type: 'targets' as const, targets }] : []),
    ...(run.skipped ?? []).flatMap((one) =>
      skippedEntries(
        one,
        targets.filter(({ node }) => node === one.node).map((target) => target.uid),
      ),
    ),
    ...run.phases.flatMap(({ name: phase, ...facts }): JournalEntry[] => [
      { type: 'phase', phase },
      { type: 'phase-ended', phase, ...facts },
    ]),
    ...run.results.map((result): JournalEntry => ({ type: 'hypothesis', result })),
    ...(run.phase === 'pending' || run.phase === 'settle' ? [] : [{ type: 'phase' as const, phase: run.phase }]),
    ...(run.phase === 'done' ? closingEntries(run, nothing, new Map()) : []),
  ];
}

/** The object as people wrote it. */
export function manifestOf({ apiVersion, kind, metadata, spec }: ExperimentObject): unknown {
  const { name, namespace, labels, annotations } = metadata;
  return {
    apiVersion,
    kind,
    metadata: { name, namespace, ...(labels ? { labels } : {}), ...(annotations ? { annotations } : {}) },
    spec,
  };
}

/** What changed in the life of each target since the tasks were last seen. */
export function entriesOfTargets(
  seen: Map<string, string>,
  expected: ExpectedTasks,
  tasks: ReadonlyMap<string, NodeTask>,
): JournalEntry[] {
  const entries: JournalEntry[] = [];
  for (const { name } of expected.fault) {
    for (const { podUid, phase, reason, message, activeAt, cleanAt, undoneAt, warnings = [] } of tasks.get(name)?.status
      ?.targets ?? []) {
      for (const warning of warnings) {
        const told = `${name} ${podUid} ${warning}`;
        if (seen.get(told) !== undefined) continue;
        seen.set(told, '');
        entries.push({ type: 'warning', message: warning });
      }
      const facts = JSON.stringify([phase, reason, message, activeAt, cleanAt, undoneAt]);
      const key = `${name} ${podUid}`;
      if (seen.get(key) === facts) continue;
      seen.set(key, facts);
      if (phase === 'Active' && message !== undefined) entries.push({ type: 'warning', message });
      entries.push({
        type: 'target',
        uid: podUid,
        phase,
        ...(reason === undefined ? {} : { reason }),
        ...(activeAt === undefined ? {} : { activeAt }),
        ...(cleanAt === undefined ? {} : { cleanAt }),
        ...(undoneAt === undefined ? {} : { undoneAt }),
      });
    }
  }
  return entries;
}

/** The kernels that the faults and probes meet, and what acts there, as the agents of their nodes have told with the checks. */
export function entriesOfKernels({ preflight }: ExpectedTasks, tasks: ReadonlyMap<string, NodeTask>): JournalEntry[] {
  const kernels = new Set(preflight.flatMap(({ name }) => tasks.get(name)?.status?.kernel ?? []));
  if (kernels.size === 0) return [];
  const why = `the agents of ${String(preflight.length)} ${preflight.length === 1 ? 'node' : 'nodes'} say so`;
  const drivers = new Set(allChecks(preflight, tasks).flatMap(({ driver }) => driver ?? []));
  const [kernel, driver] = [kernels, drivers].map((names) => [...names].sort().join(', '));
  return [{ type: 'kernel', kernel: kernel ?? '', driver: driver === '' ? 'none' : (driver ?? ''), guest: false, why }];
}

function preflightEntry(
  outcome: string,
  expected: ExpectedTasks,
  tasks: ReadonlyMap<string, NodeTask>,
  signals: readonly SignalFact[],
): JournalEntry {
  const checks = allChecks(expected.preflight, tasks).map(({ node, check, ok, expected: wanted, found, remedy }) => {
    return { node, name: nameOfCheck(check), ok, expected: wanted, found, remedy };
  });
  return { type: 'preflight', ok: outcome === 'ok', checks: [...checks, ...signalChecks(signals)] };
}

/** What the checks did not refuse, and people should know. */
function preflightWarnings({ preflight }: ExpectedTasks, tasks: ReadonlyMap<string, NodeTask>): JournalEntry[] {
  return allChecks(preflight, tasks).flatMap(({ node, check, warning }): JournalEntry[] =>
    warning === undefined ? [] : [{ type: 'warning', message: `${node}: ${nameOfCheck(check)}: ${warning}` }],
  );
}

/** Whom nothing is done to, and why: a report must not let anybody think that they were hurt. */
function skippedEntries({ node, message }: SkippedNode, uids: readonly string[]): JournalEntry[] {
  const pods = `${String(uids.length)} ${uids.length === 1 ? 'target' : 'targets'}`;
  return [
    { type: 'warning', message: `${pods} on ${node} skipped, which cannot do the fault: ${message}` },
    ...uids.map((uid): JournalEntry => ({ type: 'target', uid, phase: 'Skipped', reason: 'Unsupported' })),
  ];
}

function uidsOn({ node }: SkippedNode, { fault }: ExpectedTasks): string[] {
  const targets = fault.filter(({ spec }) => spec.node === node).flatMap(({ spec }) => spec.targets);
  return [...new Set(targets.map(({ podUid }) => podUid))];
}

function closingEntries(state: RunState, expected: ExpectedTasks, tasks: ReadonlyMap<string, NodeTask>): JournalEntry[] {
  const { judgement, ending, endingAt = state.since } = state;
  const entries: JournalEntry[] = state.dose.map((dose) => ({ type: 'dose', dose }));
  entries.push(...exposureEntries(expected, tasks));
  if (ending?.kind === 'aborted') {
    const clean = cleanInstants(expected, tasks);
    entries.push({
      type: 'abort',
      abort: {
        cause: `${ending.reason}: ${ending.message}`,
        at: formatInstant(ending.at ?? endingAt),
        decidedAt: formatInstant(endingAt),
        ...(clean[0] === undefined ? {} : { firstCleanAt: clean[0], lastCleanAt: clean.at(-1) ?? clean[0] }),
        ...(ending.signal === undefined ? {} : { signal: ending.signal }),
      },
    });
  }
  if (ending?.kind === 'error') entries.push({ type: 'error', code: ending.reason, message: ending.message });
  if (judgement) entries.push({ type: 'verdict', ...judgement, residue: state.undo.residue });
  return entries;
}

function exposureEntries(expected: ExpectedTasks, tasks: ReadonlyMap<string, NodeTask>): JournalEntry[] {
  return expected.fault.flatMap(({ name, spec }) =>
    spec.targets.flatMap(({ podUid, namespace, name: pod }) => {
      const exposure = tasks.get(name)?.status?.targets.find((target) => target.podUid === podUid)?.exposure ?? {};
      return Object.entries(exposure).map(([hypothesis, packets]): JournalEntry => ({
        type: 'exposure',
        exposure: { hypothesis, target: `${namespace}/${pod}`, packets },
      }));
    }),
  );
}

function cleanInstants(expected: ExpectedTasks, tasks: ReadonlyMap<string, NodeTask>): string[] {
  return expected.fault
    .flatMap(({ name }) => (tasks.get(name)?.status?.targets ?? []).flatMap(({ cleanAt }) => cleanAt ?? []))
    .sort();
}
