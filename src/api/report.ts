/**
 * What a run leaves behind: journal records, and the report that is made from them. Shapes as outside tools read them
 * (`apiVersion: squall.report/v1`).
 */
import type { ArmedState } from './monitor-status.ts';
import type { Dose } from './node-task.ts';
import type { Phase, Tolerance } from './model.ts';
import type { NetworkTraffic, TrafficChange } from './network-traffic.ts';

export const verdicts = ['Passed', 'Failed', 'Inconclusive', 'Aborted', 'Refused', 'Errored'] as const;
export type Verdict = (typeof verdicts)[number];

/** The reason of a run whose undo left something, or could not be proven. */
const incomplete = 'CleanUpIncomplete';

/** Exit codes of the command line by verdict; Errored is 5 when clean-up is incomplete, else 7. */
export function exitCodeOf(verdict: Verdict, reason: string): number {
  switch (verdict) {
    case 'Passed':
      return 0;
    case 'Failed':
      return 1;
    case 'Refused':
      return 3;
    case 'Aborted':
      return 4;
    case 'Inconclusive':
      return 6;
    case 'Errored':
      return reason === incomplete ? 5 : 7;
  }
}

const worstFirst: readonly Verdict[] = ['Errored', 'Aborted', 'Failed', 'Refused', 'Inconclusive', 'Passed'];

/**
 * Of several runs in one command, the one that decides the exit code: as verdicts of one run, what may still be in a kernel comes before
 * every other error. Of equals the first.
 */
export function worst<Run extends { verdict: Verdict; reason: string }>(runs: readonly Run[]): Run | undefined {
  const rank = ({ verdict, reason }: Run): number =>
    verdict === 'Errored' && reason === incomplete ? -1 : worstFirst.indexOf(verdict);
  return [...runs].sort((one, other) => rank(one) - rank(other))[0];
}

export const reportPhases = ['preflight', 'before', 'inject', 'during', 'undo', 'after'] as const;
export type ReportPhase = (typeof reportPhases)[number];

export type PhaseRecord = { name: ReportPhase; startedAt: string; endedAt: string; outcome: string };

export type TargetRecord = {
  namespace: string;
  name: string;
  uid: string;
  node: string;
  activeAt?: string;
  cleanAt?: string;
  undoneAt?: string;
  /** Nothing was done to it: its node cannot do the fault, and the experiment says to skip such. */
  skipped?: true;
};

/** `target` is namespace/name, `fault` the fault's text such as `delay 200ms`. */
export type DoseRecord = Dose & { target: string; fault: string };

/** Statistics over the answered probes of one stream in one phase; times in milliseconds, absent when nothing was answered. */
export type ConnectivityObservation = {
  stream: string;
  sent: number;
  received: number;
  lossPercent: number;
  rttMin?: number;
  rttMean?: number;
  rttP50?: number;
  rttP95?: number;
  rttP99?: number;
  rttMax?: number;
  jitter?: number;
};

export type HypothesisRecord = {
  name: string;
  phase: Phase;
  outcome: 'held' | 'violated' | 'undecided';
  /** One per stream, the worst first. */
  observed: ConnectivityObservation[];
  tolerance: Tolerance;
  samples: number;
  reason: string;
};

/** Packets of a hypothesis that met a fault's gate. */
export type ExposureRecord = { hypothesis: string; target: string; packets: number };

/** What a NetworkMonitor said that cut a run. `value` and `limit` in `unit` a second; what only a crossing has is absent without one. */
export type SignalRecord = {
  /** Name of the monitor, which is in the run's namespace. */
  monitor: string;
  threshold: string;
  /** `missing`: there is no such monitor, or it has no such threshold. */
  state: ArmedState | 'missing';
  flow?: string;
  value?: number;
  unit?: string;
  limit?: number;
  agent?: string;
  dataSource?: string;
  /** That the decision rests on, and 95 % error of the value in percent. */
  samples?: number;
  errorPercent?: number;
  /** Name of the NetworkNotification that tells of it. */
  notification?: string;
};

export type AbortRecord = {
  cause: string;
  /** When it happened: of a monitor when the datagram came that decided, by the observer's clock. */
  at: string;
  decidedAt: string;
  firstCleanAt?: string;
  lastCleanAt?: string;
  /** Where a monitor cut the run. */
  signal?: SignalRecord;
};

/** What one NetworkMonitor (namespace/name) saw of the run. */
export type TrafficRecord = { monitor: string; traffic: NetworkTraffic };

export type Report = {
  apiVersion: 'squall.report/v1';
  verdict: Verdict;
  reason: string;
  message: string;
  startedAt: string;
  endedAt: string;
  experiment: { namespace: string; name: string; uid: string; seed: string; manifest: unknown };
  kernel: string;
  driver: string;
  phases: PhaseRecord[];
  targets: TargetRecord[];
  dose: DoseRecord[];
  exposure: ExposureRecord[];
  hypothesis: HypothesisRecord[];
  abort: AbortRecord | null;
  /** By monitor; null where nobody observed. */
  traffic: (TrafficRecord & { change: TrafficChange })[] | null;
  timings: { preflight: number; inject: number; undo: number };
  residue: number;
  warnings: string[];
};

/** What a journal record says, by `type`. Every record also carries time, run and sequence. */
export type JournalEntry =
  /** `startedAt`: when the run began, where the journal began later. */
  | { type: 'created'; namespace: string; name: string; uid: string; seed: string; manifest: unknown; startedAt?: string }
  | { type: 'phase'; phase: ReportPhase | 'done'; endsAt?: string }
  /** The instants are the run's own; the records around it are written a little later. */
  | { type: 'phase-ended'; phase: ReportPhase; outcome: string; startedAt?: string; endedAt?: string }
  | {
      type: 'preflight';
      ok: boolean;
      checks: { node: string; name: string; ok: boolean; expected: string; found: string; remedy: string }[];
    }
  | { type: 'targets'; targets: { namespace: string; name: string; uid: string; node: string }[] }
  | { type: 'target'; uid: string; phase: string; reason?: string; activeAt?: string; cleanAt?: string; undoneAt?: string }
  | { type: 'samples'; stream: string; hypothesis: string; samples: [sentAtMs: number, rttMs: number | null][] }
  | { type: 'dose'; dose: DoseRecord }
  | { type: 'exposure'; exposure: ExposureRecord }
  | { type: 'hypothesis'; result: HypothesisRecord }
  | { type: 'abort'; abort: AbortRecord }
  | ({ type: 'traffic' } & TrafficRecord)
  | { type: 'warning'; message: string }
  | { type: 'kernel'; kernel: string; driver: string; guest: boolean; why: string }
  | { type: 'error'; code: string; message: string }
  | { type: 'verdict'; verdict: Verdict; reason: string; message: string; residue: number };

/** One line of journal.jsonl. `sequence` starts at 1 and has no gaps; `run` is the run's uid; `time` is RFC 3339 UTC with milliseconds. */
export type JournalRecord = { time: string; run: string; sequence: number } & JournalEntry;
