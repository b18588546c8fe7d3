import type { JournalRecord, Report } from '../api/index.ts';
import { buildReport, type RecordOf, recordsOf } from './build.ts';

export type TimedSample = readonly [sentAtMs: number, rttMs: number | null];

/** All probes of one stream, oldest first; `null` is a probe that was never answered. */
export type Stream = { id: string; hypothesis: string; samples: TimedSample[] };

export type PreflightEvidence = Pick<RecordOf<'preflight'>, 'ok' | 'checks'>;

/** All that people are shown of a run: the report, and what only the journal has. */
export type Evidence = {
  report: Report;
  preflight?: PreflightEvidence;
  /** Why this kernel was used; absent when the run ended before that was decided. */
  machine?: { guest: boolean; why: string };
  streams: Stream[];
  journalRecords: number;
};

export function gatherEvidence(records: readonly JournalRecord[]): Evidence {
  // A run that was restarted may have written its preflight twice.
  const preflight = recordsOf(records, 'preflight').at(-1);
  const kernel = recordsOf(records, 'kernel').at(-1);
  return {
    report: buildReport(records),
    preflight: preflight && { ok: preflight.ok, checks: preflight.checks },
    machine: kernel && { guest: kernel.guest, why: kernel.why },
    streams: collectStreams(records),
    journalRecords: records.length,
  };
}

function collectStreams(records: readonly JournalRecord[]): Stream[] {
  const streams = new Map<string, Stream>();
  for (const { stream, hypothesis, samples } of recordsOf(records, 'samples')) {
    const key = JSON.stringify([hypothesis, stream]);
    const known = streams.get(key) ?? { id: stream, hypothesis, samples: [] };
    streams.set(key, known);
    for (const sample of samples) known.samples.push(sample);
  }
  for (const { samples } of streams.values()) samples.sort(([a], [b]) => a - b);
  return [...streams.values()];
}
