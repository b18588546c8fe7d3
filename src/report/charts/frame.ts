import type { Report } from '../../api/index.ts';
import type { Stream } from '../evidence.ts';

/** A span of time in milliseconds since 1970. */
export type Span = { from: number; to: number };

export type NamedSpan = Span & { name: string };

/** What every chart of a run has in common: its span and what is shaded in it. */
export type Frame = {
  span: Span;
  /** Where the time axis reads 0: the start of the run. */
  zero: number;
  phases: NamedSpan[];
  /** From the first target's lease to the last gate closed; absent when the fault never was active. */
  fault?: NamedSpan;
};

/** From the start of the run to its end, for the timeline. */
export function runFrame(report: Report): Frame {
  const phases = report.phases.map(({ name, startedAt, endedAt }) => ({
    name,
    from: Date.parse(startedAt),
    to: Date.parse(endedAt),
  }));
  const zero = Date.parse(report.startedAt);
  const to = Math.max(Date.parse(report.endedAt), zero + 1, ...phases.map((phase) => phase.to));
  return { span: { from: zero, to }, zero, phases, fault: faultSpan(report, to) };
}

/** The part of the run in which probes were sent, for the measurements. */
export function measuredFrame(report: Report, streams: readonly Stream[]): Frame {
  const frame = runFrame(report);
  const starts = streams.flatMap(({ samples }) => samples[0]?.[0] ?? []);
  const ends = streams.flatMap(({ samples }) => samples.at(-1)?.[0] ?? []);
  if (starts.length === 0) return frame;
  const from = starts.reduce((a, b) => Math.min(a, b));
  const to = ends.reduce((a, b) => Math.max(a, b));
  return { ...frame, span: { from, to: Math.max(to, from + 1) } };
}

/** A span cut to the frame's; undefined when nothing of it is inside. */
export function cut<Part extends Span>(part: Part, { from, to }: Span): Part | undefined {
  const inside = { ...part, from: Math.max(part.from, from), to: Math.min(part.to, to) };
  return inside.to > inside.from ? inside : undefined;
}

function faultSpan({ targets, dose }: Report, end: number): NamedSpan | undefined {
  const active = targets.filter(({ activeAt }) => activeAt !== undefined);
  if (active.length === 0) return undefined;
  const from = active.map(({ activeAt }) => Date.parse(activeAt ?? '')).reduce((a, b) => Math.min(a, b));
  const to = active.map(({ cleanAt }) => (cleanAt === undefined ? end : Date.parse(cleanAt))).reduce((a, b) => Math.max(a, b));
  const faults = [...new Set(dose.map(({ fault }) => fault))].join(', ');
  return { name: faults === '' ? 'fault' : faults, from, to };
}
