import type {
  AbortRule,
  ConnectivityObservation,
  Dose,
  HypothesisEntry,
  HypothesisRecord,
  Phase,
  PhaseRecord,
  ReportPhase,
  SignalRecord,
  TargetPhase,
} from '../api/index.ts';
import type { Suffix } from './recovery.ts';
import type { Ending, Judgement } from './verdict.ts';

/** What a run is asked to do. Times in milliseconds. */
export type Plan = {
  hasFault: boolean;
  beforeMs: number;
  durationMs: number;
  afterMs: number;
  hypothesis: HypothesisEntry[];
  abort: AbortRule[];
  /** Nodes that cannot do the fault are left out, and do not refuse the run. */
  skipsUnsupported: boolean;
  /** After the end of a window, until its last probe is answered, timed out and reported. */
  settleMs: number;
  limits: { preflightMs: number; probeStartMs: number; injectMs: number; undoMs: number };
};

export type RunPhase = 'pending' | ReportPhase | 'settle' | 'done';

/** Milliseconds since 1970; `to` is absent while the window is open. */
export type Window = { from: number; to?: number };

export type RunState = {
  phase: RunPhase;
  /** When the phase began, and the run itself; milliseconds since 1970. */
  since: number;
  startedAt: number;
  /** True from before the first packet can be hurt until an undo is proven: while it is true, the way out leads through `undo`. */
  dirty: boolean;
  /** True once `dirty` was ever true. */
  touched: boolean;
  windows: Partial<Record<Phase, Window>>;
  phases: PhaseRecord[];
  /** By hypothesis: what was observed before the fault. */
  baseline: Record<string, ConnectivityObservation[]>;
  /** Phases of which some measurements were lost: nothing can be called held in them. */
  unmeasured?: Phase[];
  results: HypothesisRecord[];
  /** Whose targets nothing is done to, since preflight. */
  skipped?: SkippedNode[];
  dose: TargetDose[];
  undo: { proven: boolean; residue: number; changedByOthers: string[] };
  /** Since when a monitor that may abort the run has said neither that all is well nor that it is not; absent while each says so. */
  unclearSince?: number;
  ending?: Ending;
  /** When the ending was decided. */
  endingAt?: number;
  judgement?: Judgement;
};

/** A node that cannot do the fault, and why. */
export type SkippedNode = { node: string; message: string };

export type TargetDose = Dose & { target: string; fault: string };

export type TargetFacts = {
  uid: string;
  name: string;
  phase: TargetPhase;
  reason?: string;
  message?: string;
  activeAt?: number;
  cleanAt?: number;
};

/** What a monitor says of one abort rule. `at`: when a value crossed the threshold, in milliseconds since 1970. */
export type SignalFact = SignalRecord & { message: string; at?: number };

/** The world as it was gathered for one step. */
export type Facts = {
  /** Absent while the checks run. */
  preflight?: { ok: true; skipped?: SkippedNode[] } | { ok: false; reason: string; message: string };
  /** When every probe was running; absent while one is not. */
  probesReadyAt?: number;
  /** A probe that ended before it was told to. */
  probeLost?: { reason: string; message: string };
  /** Absent for a run without a fault. */
  fault?: { targets: TargetFacts[]; residue: number; changedByOthers: string[]; dose: TargetDose[] };
  /** By phase and hypothesis: what was observed in that window; of the phases that `windowsToJudge` names. */
  observed: Partial<Record<Phase, Record<string, ConnectivityObservation[]>>>;
  /** By hypothesis, when `after` is to be judged: its window seen from each of its seconds on. */
  suffixes: Record<string, Suffix[]>;
  /** By hypothesis: the newest complete seconds, oldest first; only for entries that an abort rule names. */
  recent: Record<string, ConnectivityObservation[][]>;
  /** One for each abort rule on a monitor. */
  signals: SignalFact[];
};

export type RunEvent =
  | { type: 'facts'; facts: Facts }
  | { type: 'abort'; reason: string; message: string }
  /** The control process lost the run's memory: what was going on is cut off. */
  | { type: 'restarted'; why?: string }
  /** Another control process goes on with the run; of these phases it does not have every measurement. */
  | { type: 'continued'; unmeasured: Phase[] }
  | { type: 'refused'; reason: string; message: string }
  | { type: 'failed'; reason: string; message: string };

/** What the world should look like now. Complete and idempotent: carrying it out twice changes nothing. */
export type Effects = {
  preflight: 'run' | 'none';
  probes: 'run' | 'none';
  fault: 'apply' | 'undo' | 'none';
  /** Look again at this instant at the latest; absent when the run is done. */
  wakeAt?: number;
};

export function initialState(now: number): RunState {
  return {
    phase: 'pending',
    since: now,
    startedAt: now,
    dirty: false,
    touched: false,
    windows: {},
    phases: [],
    baseline: {},
    results: [],
    dose: [],
    undo: { proven: true, residue: 0, changedByOthers: [] },
  };
}
