import type { JournalEntry, JournalRecord, PhaseRecord, Report, ReportPhase, TargetRecord } from '../api/index.ts';
import { formatInstant } from '../lib/index.ts';
import { trafficChange } from './traffic/change.ts';

export type RecordOf<Type extends JournalEntry['type']> = Extract<JournalRecord, { type: Type }>;

/** Records of one kind, in the order they were written. */
export function recordsOf<Type extends JournalEntry['type']>(records: readonly JournalRecord[], type: Type): RecordOf<Type>[] {
  return records.filter((record): record is RecordOf<Type> => record.type === type);
}

/**
 * The report of a run from its journal, in the shape of `squall.report/v1`. Total: a journal may stop anywhere, and what it does
 * not say is left out or named unknown. Without a verdict record the verdict is Errored, reason `Unfinished`.
 */
export function buildReport(records: readonly JournalRecord[]): Report {
  const created = recordsOf(records, 'created')[0];
  const kernel = recordsOf(records, 'kernel').at(-1);
  const targets = collectTargets(records);
  const judged = judgement(records, targets);
  const phases = collectPhases(records);
  return {
    apiVersion: 'squall.report/v1',
    verdict: judged.verdict,
    reason: judged.reason,
    message: judged.message,
    startedAt: created?.startedAt ?? records[0]?.time ?? formatInstant(0),
    endedAt: (recordsOf(records, 'verdict').at(-1) ?? records.at(-1))?.time ?? formatInstant(0),
    experiment: {
      namespace: created?.namespace ?? '',
      name: created?.name ?? '',
      uid: created?.uid ?? records[0]?.run ?? '',
      seed: created?.seed ?? '',
      manifest: created?.manifest ?? null,
    },
    kernel: kernel?.kernel ?? 'unknown',
    driver: kernel?.driver ?? 'unknown',
    phases,
    targets,
    dose: lastOfEach(
      recordsOf(records, 'dose').map(({ dose }) => dose),
      ({ target, fault }) => [target, fault],
    ),
    exposure: lastOfEach(
      recordsOf(records, 'exposure').map(({ exposure }) => exposure),
      ({ hypothesis, target }) => [hypothesis, target],
    ),
    hypothesis: lastOfEach(
      recordsOf(records, 'hypothesis').map(({ result }) => result),
      ({ name, phase }) => [name, phase],
    ),
    abort: recordsOf(records, 'abort').at(-1)?.abort ?? null,
    traffic: collectTraffic(records),
    timings: {
      preflight: timeIn(phases, 'preflight'),
      inject: timeIn(phases, 'inject'),
      undo: timeIn(phases, 'undo'),
    },
    residue: judged.residue,
    warnings: [
      ...recordsOf(records, 'warning').map(({ message }) => message),
      ...recordsOf(records, 'error').map(({ code, message }) => `${code}: ${message}`),
    ],
  };
}

type Judged = Pick<Report, 'verdict' | 'reason' | 'message' | 'residue'>;

function judgement(records: readonly JournalRecord[], targets: readonly TargetRecord[]): Judged {
  const verdict = recordsOf(records, 'verdict').at(-1);
  if (verdict) {
    return { verdict: verdict.verdict, reason: verdict.reason, message: verdict.message, residue: verdict.residue };
  }
  const last = records.at(-1);
  const phase = recordsOf(records, 'phase').at(-1)?.phase ?? 'no phase';
  const where = last
    ? `the journal stops at record ${String(last.sequence)} (${last.time}, ${phase}) without a verdict`
    : 'the journal is empty';
  // Nobody counted. Every target that was active and is not known to be undone may still hold something.
  const open = targets.filter(({ activeAt, undoneAt }) => activeAt !== undefined && undoneAt === undefined).length;
  const doubt = open === 0 ? '' : `; ${String(open)} ${open === 1 ? 'target is' : 'targets are'} not known to be undone`;
  return { verdict: 'Errored', reason: 'Unfinished', message: where + doubt, residue: open };
}

function collectPhases(records: readonly JournalRecord[]): PhaseRecord[] {
  const ended: PhaseRecord[] = [];
  let open: { name: ReportPhase; startedAt: string } | undefined;
  const close = (endedAt: string, outcome: string, startedAt?: string): void => {
    if (open) ended.push({ ...open, ...(startedAt === undefined ? {} : { startedAt }), endedAt, outcome });
    open = undefined;
  };
  for (const record of records) {
    if (record.type === 'phase' && record.phase !== open?.name) {
      close(record.time, 'unknown');
      if (record.phase !== 'done') open = { name: record.phase, startedAt: record.time };
    }
    if (record.type === 'phase-ended' && record.phase === open?.name) {
      close(record.endedAt ?? record.time, record.outcome, record.startedAt);
    }
  }
  const last = records.at(-1);
  if (last) close(last.time, 'unfinished');
  return ended;
}

function collectTargets(records: readonly JournalRecord[]): TargetRecord[] {
  const targets = new Map<string, TargetRecord>();
  for (const record of records) {
    if (record.type === 'targets') {
      for (const { namespace, name, uid, node } of record.targets) {
        targets.set(uid, { ...targets.get(uid), namespace, name, uid, node });
      }
    }
    if (record.type === 'target') {
      const target = targets.get(record.uid) ?? { namespace: '', name: record.uid, uid: record.uid, node: '' };
      targets.set(record.uid, {
        ...target,
        activeAt: record.activeAt ?? target.activeAt,
        cleanAt: record.cleanAt ?? target.cleanAt,
        undoneAt: record.undoneAt ?? target.undoneAt,
        ...(record.phase === 'Skipped' ? { skipped: true } : {}),
      });
    }
  }
  return [...targets.values()];
}

function collectTraffic(records: readonly JournalRecord[]): Report['traffic'] {
  const newest = lastOfEach(recordsOf(records, 'traffic'), ({ monitor }) => [monitor]);
  if (newest.length === 0) return null;
  return newest.map(({ monitor, traffic }) => ({ monitor, traffic, change: trafficChange(traffic) }));
}

/** The newest value under each key, in the order in which the keys first came. */
function lastOfEach<Value>(values: readonly Value[], key: (value: Value) => string[]): Value[] {
  return [...new Map(values.map((value) => [JSON.stringify(key(value)), value])).values()];
}

function timeIn(phases: readonly PhaseRecord[], name: ReportPhase): number {
  return phases
    .filter((phase) => phase.name === name)
    .reduce((sum, { startedAt, endedAt }) => sum + Math.max(0, Date.parse(endedAt) - Date.parse(startedAt)), 0);
}
