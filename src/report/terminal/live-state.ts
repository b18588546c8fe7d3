import type { DoseRecord, JournalRecord, ReportPhase, Verdict } from '../../api/index.ts';
import type { TimedSample } from '../evidence.ts';

/** What the live view knows of a hypothesis: its newest probes, of all its streams. */
export type LiveHypothesis = { name: string; recent: TimedSample[]; outcomes: string[] };

export type LivePhase = { name: ReportPhase; startedAt: number; endsAt?: number };

export type LiveState = {
  name: string;
  startedAt?: number;
  machine?: string;
  phase?: LivePhase;
  past: { name: ReportPhase; outcome: string }[];
  hypotheses: LiveHypothesis[];
  /** By the target's uid. */
  targets: Record<string, { name: string; phase: string }>;
  doses: DoseRecord[];
  warnings: number;
  verdict?: Verdict;
};

/** Probes older than this, seen from the newest, are forgotten; and no more than so many are kept for each hypothesis. */
export const recentMs = 30_000;
const mostRecent = 2000;
/** Beyond this the lines would not fit; the report has all. */
const mostKept = 64;

export const emptyLiveState: LiveState = { name: '', past: [], hypotheses: [], targets: {}, doses: [], warnings: 0 };

/** The state after one more record. */
export function nextLiveState(state: LiveState, record: JournalRecord): LiveState {
  const at = Date.parse(record.time);
  const known = state.startedAt === undefined ? { ...state, startedAt: at } : state;
  switch (record.type) {
    case 'created':
      return { ...known, name: `${record.namespace}/${record.name}` };
    case 'kernel':
      return { ...known, machine: `${record.driver} on ${record.guest ? 'a guest, ' : ''}kernel ${record.kernel}` };
    case 'phase':
      if (record.phase === 'done') return { ...known, phase: undefined };
      return {
        ...known,
        phase: { name: record.phase, startedAt: at, endsAt: record.endsAt === undefined ? undefined : Date.parse(record.endsAt) },
      };
    case 'phase-ended':
      return {
        ...known,
        phase: undefined,
        past: [...known.past, { name: record.phase, outcome: record.outcome }].slice(-mostKept),
      };
    case 'targets': {
      const chosen = record.targets.map(
        ({ uid, namespace, name }) => [uid, { name: `${namespace}/${name}`, phase: 'Pending' }] as const,
      );
      return { ...known, targets: { ...known.targets, ...Object.fromEntries(chosen) } };
    }
    case 'target': {
      const name = known.targets[record.uid]?.name ?? record.uid;
      return { ...known, targets: { ...known.targets, [record.uid]: { name, phase: record.phase } } };
    }
    case 'samples':
      return {
        ...known,
        hypotheses: changeHypothesis(known.hypotheses, record.hypothesis, (own) => withSamples(own, record.samples)),
      };
    case 'hypothesis': {
      const { name, phase, outcome } = record.result;
      const change = (own: LiveHypothesis): LiveHypothesis => ({
        ...own,
        outcomes: [...own.outcomes, `${phase} ${outcome}`].slice(-3),
      });
      return { ...known, hypotheses: changeHypothesis(known.hypotheses, name, change) };
    }
    case 'dose': {
      const others = known.doses.filter(({ target, fault }) => target !== record.dose.target || fault !== record.dose.fault);
      return { ...known, doses: [...others, record.dose].slice(-mostKept) };
    }
    case 'warning':
      return { ...known, warnings: known.warnings + 1 };
    case 'verdict':
      return { ...known, phase: undefined, verdict: record.verdict };
    case 'preflight':
    case 'exposure':
    case 'abort':
    case 'traffic':
    case 'error':
      return known;
  }
}

function changeHypothesis(
  hypotheses: readonly LiveHypothesis[],
  name: string,
  change: (own: LiveHypothesis) => LiveHypothesis,
): LiveHypothesis[] {
  if (hypotheses.some((own) => own.name === name)) return hypotheses.map((own) => (own.name === name ? change(own) : own));
  return [...hypotheses, change({ name, recent: [], outcomes: [] })].slice(0, mostKept);
}

function withSamples(own: LiveHypothesis, samples: readonly TimedSample[]): LiveHypothesis {
  const all = [...own.recent, ...samples];
  const newest = all.reduce((latest, [sentAt]) => Math.max(latest, sentAt), 0);
  return { ...own, recent: all.filter(([sentAt]) => sentAt > newest - recentMs).slice(-mostRecent) };
}
