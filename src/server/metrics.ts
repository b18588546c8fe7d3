import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { type TickRecord, type Verdict, verdicts } from '../api/index.ts';
import { defineCollectorMetrics, type ReadCollector } from './collector-metrics.ts';
import { commonRunReasons, createReasonLabel, tickEndings } from './known-labels.ts';

/** Where each is counted: by the control process for a run's Lease, by the agents for the kernel's. */
export type LeaseKind = 'run' | 'kernel';
export type RenewalResult = 'done' | 'late' | 'failed';
export type ScheduleKey = { namespace: string; name: string };
export type ScheduleFacts = ScheduleKey & { nextAt?: number; lastAt?: number; lastVerdict?: Verdict };
export type ValidatorCheckFacts = { validator: string; node: string; check: string; ok: boolean };
/** `cpuSeconds` since that process began. */
export type ProcessUsage = { process: 'control' | 'agent' | 'observer'; residentBytes: number; cpuSeconds: number };

/** What is true at the moment of a scrape; instants in milliseconds since 1970. */
export type Levels = {
  runsByPhase: Readonly<Record<string, number>>;
  activeFaultsByNode: Readonly<Record<string, number>>;
  residueByNode: Readonly<Record<string, number>>;
  schedules: readonly ScheduleFacts[];
  /** Of validators, as their statuses have them. */
  checks: readonly ValidatorCheckFacts[];
};

/** Every metric of this process. Events are counted when they are told; levels are read at each scrape. */
export type Metrics = {
  /** Where levels are read from at each scrape; until then there are none. */
  readFrom(sources: LevelSources): void;
  /** Shows what a collector of this process counts, too. To be called once. */
  showCollector(read: ReadCollector): void;
  /** The Prometheus text format, version 0.0.4. */
  text(): Promise<string>;
  contentType: string;
  runEnded(verdict: Verdict, reason: string): void;
  injected(seconds: number): void;
  undone(seconds: number): void;
  abortReacted(seconds: number): void;
  leaseRenewed(lease: LeaseKind, result: RenewalResult, count?: number): void;
  tick(record: TickRecord): void;
  /** The series of a schedule are there from its beginning to its deletion. */
  scheduleAdded(schedule: ScheduleKey): void;
  scheduleDeleted(schedule: ScheduleKey): void;
  folderProblems(count: number): void;
  agentRestarted(): void;
  reconcileFailed(code: string): void;
  heartbeatsMissed(count: number): void;
  watchFailed(resource: string, code: string): void;
};

export type LevelSources = {
  levels: () => Levels;
  /** Of the processes that are there now. */
  usage: () => readonly ProcessUsage[];
};

const nothingYet: LevelSources = {
  levels: () => ({ runsByPhase: {}, activeFaultsByNode: {}, residueByNode: {}, schedules: [], checks: [] }),
  usage: () => [],
};

const reactionBuckets = [0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 30, 60, 120];

/** Defines every metric, each once, in a registry of its own. docs/metrics.md lists them, and a test compares the two. */
export function createMetrics(version: string): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const reasonLabel = createReasonLabel();
  let sources = nothingYet;

  const runs = new Counter({
    name: 'squall_runs_total',
    help: 'Runs that ended, by verdict and reason.',
    labelNames: ['verdict', 'reason'],
    registers,
  });
  for (const verdict of verdicts) {
    for (const reason of commonRunReasons[verdict]) runs.inc({ verdict, reason: reasonLabel(reason) }, 0);
  }
  const histogram = (name: string, help: string): Histogram => new Histogram({ name, help, buckets: reactionBuckets, registers });
  const inject = histogram('squall_inject_seconds', 'From the order to apply a fault until its last target was active.');
  const undo = histogram('squall_undo_seconds', 'From the order to undo a fault until the undo was proven on every target.');
  const abort = histogram(
    'squall_abort_reaction_seconds',
    'From the cause of an abort until a target was clean, for each target.',
  );
  const renewals = new Counter({
    name: 'squall_lease_renewals_total',
    help: 'Renewals of leases: of a run in the store, of a fault in the kernel.',
    labelNames: ['lease', 'result'],
    registers,
  });
  for (const lease of ['run', 'kernel']) for (const result of ['done', 'late', 'failed']) renewals.inc({ lease, result }, 0);
  const ticks = new Counter({
    name: 'squall_schedule_ticks_total',
    help: 'Ticks of schedules by their final outcome.',
    labelNames: ['namespace', 'schedule', 'outcome', 'reason'],
    registers,
  });
  const folder = new Gauge({ name: 'squall_folder_problems', help: 'Problems in the served folder now.', registers });
  const restarts = new Counter({ name: 'squall_agent_restarts_total', help: 'Agents that ended by themselves.', registers });
  const failures = new Counter({
    name: 'squall_reconcile_errors_total',
    help: 'Reconciles that failed and are tried again, by error code; Conflict is ordinary.',
    labelNames: ['code'],
    registers,
  });
  const missed = new Counter({
    name: 'squall_heartbeats_missed_total',
    help: 'Seconds in which the scheduler was not asked what is due.',
    registers,
  });
  const watches = new Counter({
    name: 'squall_watch_failures_total',
    help: 'Lists and watches of the store that failed and are tried again, by resource and error code; Expired is ordinary.',
    labelNames: ['resource', 'code'],
    registers,
  });
  defineBuildInfo(registers, version);
  defineLevels(registers, () => sources.levels());
  defineValidatorChecks(registers, () => sources.levels().checks);
  defineUsage(registers, () => sources.usage());

  return {
    readFrom: (given) => {
      sources = given;
    },
    showCollector: (read) => {
      defineCollectorMetrics(registers, read);
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
    runEnded: (verdict, reason) => {
      runs.inc({ verdict, reason: reasonLabel(reason) });
    },
    injected: (seconds) => {
      inject.observe(seconds);
    },
    undone: (seconds) => {
      undo.observe(seconds);
    },
    abortReacted: (seconds) => {
      abort.observe(seconds);
    },
    leaseRenewed: (lease, result, count = 1) => {
      renewals.inc({ lease, result }, count);
    },
    tick: ({ schedule: { namespace, name }, outcome, reason, count = 1 }) => {
      ticks.inc({ namespace, schedule: name, outcome, reason }, count);
    },
    scheduleAdded: ({ namespace, name }) => {
      for (const ending of tickEndings) ticks.inc({ namespace, schedule: name, ...ending }, 0);
    },
    scheduleDeleted: ({ namespace, name }) => {
      for (const ending of tickEndings) ticks.remove({ namespace, schedule: name, ...ending });
    },
    folderProblems: (count) => {
      folder.set(count);
    },
    agentRestarted: () => {
      restarts.inc();
    },
    reconcileFailed: (code) => {
      failures.inc({ code });
    },
    heartbeatsMissed: (count) => {
      missed.inc(count);
    },
    watchFailed: (resource, code) => {
      watches.inc({ resource, code });
    },
  };
}

/** One gauge whose series are exactly those of `values` at each scrape. */
function defineLevel<Label extends string>(
  registers: Registry[],
  { name, help, labelNames }: { name: string; help: string; labelNames: readonly Label[] },
  values: () => readonly { labels: Record<Label, string>; value: number }[],
): void {
  new Gauge({
    name,
    help,
    labelNames,
    registers,
    collect() {
      this.reset();
      for (const { labels, value } of values()) this.set(labels, value);
    },
  });
}

function defineLevels(registers: Registry[], levels: () => Levels): void {
  const perNode = (byNode: Readonly<Record<string, number>>) =>
    Object.entries(byNode).map(([node, value]) => ({ labels: { node }, value }));
  defineLevel(registers, { name: 'squall_runs_active', help: 'Runs that are not over, by phase.', labelNames: ['phase'] }, () =>
    Object.entries(levels().runsByPhase).map(([phase, value]) => ({ labels: { phase }, value })),
  );
  defineLevel(
    registers,
    { name: 'squall_active_faults', help: 'Targets whose fault is active, by node.', labelNames: ['node'] },
    () => perNode(levels().activeFaultsByNode),
  );
  defineLevel(
    registers,
    { name: 'squall_residue', help: 'Things of ours in kernels that no live task owns; to be 0.', labelNames: ['node'] },
    () => perNode(levels().residueByNode),
  );
  const labelNames = ['namespace', 'schedule'] as const;
  const perSchedule = (instantOf: (schedule: ScheduleFacts) => number | undefined) =>
    levels().schedules.flatMap((schedule) => {
      const instant = instantOf(schedule);
      const labels = { namespace: schedule.namespace, schedule: schedule.name };
      return instant === undefined ? [] : [{ labels, value: instant / 1000 }];
    });
  defineLevel(
    registers,
    { name: 'squall_schedule_next_run_timestamp_seconds', help: 'The next tick; absent while suspended.', labelNames },
    () => perSchedule(({ nextAt }) => nextAt),
  );
  defineLevel(
    registers,
    { name: 'squall_schedule_last_run_timestamp_seconds', help: 'The newest tick that started a run.', labelNames },
    () => perSchedule(({ lastAt }) => lastAt),
  );
  defineLevel(
    registers,
    {
      name: 'squall_schedule_last_run_info',
      help: 'Always 1; the verdict of the newest run that is over.',
      labelNames: ['namespace', 'schedule', 'verdict'],
    },
    () =>
      levels().schedules.flatMap(({ namespace, name, lastVerdict: verdict }) =>
        verdict === undefined ? [] : [{ labels: { namespace, schedule: name, verdict }, value: 1 }],
      ),
  );
}

function defineValidatorChecks(registers: Registry[], checks: () => readonly ValidatorCheckFacts[]): void {
  defineLevel(
    registers,
    {
      name: 'squall_validator_check_ok',
      help: 'What a NetworkModulesValidator last found on a node: 1 where the check holds, else 0.',
      labelNames: ['validator', 'node', 'check'],
    },
    () => checks().map(({ validator, node, check, ok }) => ({ labels: { validator, node, check }, value: ok ? 1 : 0 })),
  );
}

export function defineBuildInfo(registers: Registry[], version: string): void {
  new Gauge({
    name: 'squall_build_info',
    help: 'Always 1; the labels say what is running.',
    labelNames: ['version', 'node'],
    registers,
  }).set({ version, node: process.version }, 1);
}

export function defineUsage(registers: Registry[], usage: () => readonly ProcessUsage[]): void {
  defineLevel(
    registers,
    { name: 'squall_process_resident_memory_bytes', help: 'Resident memory of a process of ours.', labelNames: ['process'] },
    () => usage().map(({ process, residentBytes: value }) => ({ labels: { process }, value })),
  );
  new Counter({
    name: 'squall_process_cpu_seconds_total',
    help: 'Processor time of a process of ours; it begins at 0 with each agent.',
    labelNames: ['process'],
    registers,
    collect() {
      this.reset();
      for (const { process, cpuSeconds } of usage()) this.inc({ process }, cpuSeconds);
    },
  });
}
